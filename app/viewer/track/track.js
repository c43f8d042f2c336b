// The track: axis, panes and strip, drawn from the store; gestures go back into the store.

import { byId, showText } from "../dom.js";
import { pan, settled, spanOf, wholeWell, zoom } from "../depth_window.js";
import { depthDecimals, plainNumber, withUnit } from "../format.js";
import { drawDepthAxis } from "./axes.js";
import { attachGestures } from "./gestures.js";
import { Glide } from "./glide.js";
import { Overview } from "./overview.js";
import { Pane } from "./pane.js";
import { Wall } from "./wall.js";

/** The cursor's depth, where it is on the axis. */
function showDepth(node, cursor, { image, window }) {
  node.hidden = !cursor;
  if (!cursor) return;
  node.textContent = cursor.depth.toFixed(Math.min(depthDecimals(image), 3));
  node.style.top = `${((cursor.depth - window.min) / (window.max - window.min)) * 100}%`;
}

const shownPanes = ({ shown }) => (shown === "both" ? ["static", "dynamic"] : [shown]);

export class Track {
  #frame = null;
  #hover = null; // {pane, point}
  #cursorListeners = [];
  #drawListeners = [];
  #tapListeners = [];

  /** beginDrag(tool, pane, point, event) returns what a drag does, or null where it pans. */
  constructor(api, store, beginDrag) {
    this.store = store;
    this.box = byId("track");
    this.glide = new Glide(store);
    this.wall = new Wall(api, () => this.draw());
    this.overview = new Overview((depth) =>
      this.#move((window) => pan(window, depth - (window.min + window.max) / 2)),
    );
    this.panes = ["static", "dynamic"].map((normalize) => new Pane(normalize));
    this.box.append(...this.panes.map(({ node }) => node));
    for (const pane of this.panes) this.#attach(pane, beginDrag);
    store.subscribe(() => this.draw());
    new ResizeObserver(() => this.draw()).observe(this.box);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
  }

  /** listener(cursor {depth, azimuth} or null) */
  onCursor(listener) {
    this.#cursorListeners.push(listener);
  }

  /** listener(pane, state) after each drawing of a pane that is shown. */
  onDraw(listener) {
    this.#drawListeners.push(listener);
  }

  /** listener(pane, point) when the track was pressed and let go at one place. */
  onTap(listener) {
    this.#tapListeners.push(listener);
  }

  /** The height of the pictures and the width of one, in CSS pixels. */
  get size() {
    const { clientWidth: width, clientHeight: height } = this.panes.find(({ node }) => !node.hidden).box;
    return { width, height };
  }

  /** The same in device pixels. */
  get pixels() {
    const { width, height } = this.panes.find(({ node }) => !node.hidden).canvas;
    return { width, height };
  }

  /** Moves by so many screens; down is positive. */
  scroll(screens) {
    this.#glide((window) => pan(window, screens * spanOf(window)));
  }

  /** Zooms about the cursor if it is on the track, else about the middle. */
  zoom(factor, aboutCursor = false) {
    const share = aboutCursor && this.#hover ? this.#hover.point.y / this.size.height : 0.5;
    this.#glide((window) => zoom(window, factor, window.min + share * spanOf(window)));
  }

  showWhole() {
    this.#glide((_, image) => wholeWell(image));
  }

  /** Shows so much depth about the middle of the window. */
  showSpan(span) {
    this.#glide((window) => zoom(window, span / spanOf(window), (window.min + window.max) / 2));
  }

  goTo(depth) {
    this.#glide((window) => pan(window, depth - (window.min + window.max) / 2));
  }

  goToEnd(direction) {
    this.#glide((window, image) => pan(window, direction * spanOf(wholeWell(image)) * 2));
  }

  retry() {
    this.wall.tiles.retry();
    this.draw();
  }

  /** Draws once in the next frame, however often it is asked to. */
  draw() {
    this.#frame ??= requestAnimationFrame(() => {
      this.#frame = null;
      if (this.store.state.image && this.store.state.window) this.#drawNow(this.store.state);
    });
  }

  #attach(pane, beginDrag) {
    attachGestures(pane.box, {
      pan: (pixels) => this.#move((window) => pan(window, (pixels / pane.box.clientHeight) * spanOf(window))),
      zoom: (factor, y) =>
        this.#move((window) => zoom(window, factor, window.min + (y / pane.box.clientHeight) * spanOf(window))),
      hover: (point) => this.#showCursor(point && { pane, point }),
      tap: (point) => this.#tapListeners.forEach((listener) => listener(pane, point)),
      begin: (point, event) => {
        this.glide.stop();
        return beginDrag(event.shiftKey ? "range" : this.store.state.tool, pane, point, event);
      },
    });
  }

  #move(change) {
    const { image, window } = this.store.state;
    if (!image) return;
    this.glide.stop();
    const moved = settled(change(window, image), image);
    if (moved.min !== window.min || moved.max !== window.max) this.store.set({ window: moved }, "gesture");
  }

  #glide(change) {
    const { image } = this.store.state;
    if (image) this.glide.to(settled(change(this.glide.goal, image), image));
  }

  #drawNow(state) {
    if (!this.box.clientHeight) return;
    const { image, window, tracks } = state;
    const shown = shownPanes(tracks);
    for (const pane of this.panes) pane.node.hidden = !shown.includes(pane.normalize);
    const panes = this.panes.filter(({ node }) => !node.hidden);
    this.box.dataset.panes = panes.length;
    this.wall.show(image);
    this.wall.want(state, shown, panes[0].pixels);
    let isEmpty = true;
    for (const pane of panes) {
      isEmpty = !pane.draw(state, this.wall) && isEmpty;
      for (const listener of this.#drawListeners) listener(pane, state);
    }
    this.overview.draw(state, this.wall);
    drawDepthAxis(byId("axis"), window);
    byId("axis-unit").textContent = image.depth_unit ?? "";
    byId("track-busy").hidden = !this.wall.tiles.isLoading;
    showText(byId("track-note"), this.wall.tiles.problem ?? this.#gapNote(state, isEmpty));
    this.#showCursor(this.#hover);
  }

  #gapNote({ image, window }, isEmpty) {
    if (!isEmpty || this.wall.tiles.isLoading || this.wall.depths.rowsIn(0, window)) return null;
    const range = `${plainNumber(window.min)} – ${plainNumber(window.max)}`;
    return `No rows between ${withUnit(range, image.depth_unit)}: a gap in depth.`;
  }

  #showCursor(hover) {
    this.#hover = hover;
    const { state } = this.store;
    if (!state.image) return;
    const cursor = hover && hover.pane.at(hover.point, state);
    for (const pane of this.panes) pane.showCursor(cursor, state);
    showDepth(byId("axis-cursor"), cursor, state);
    for (const listener of this.#cursorListeners) listener(cursor);
  }
}
