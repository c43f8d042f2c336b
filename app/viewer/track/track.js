// The track: axis, header, picture and strip, drawn from the store; gestures go back into the store.

import { byId, showText } from "../dom.js";
import { pan, settled, spanOf, stepOf, wholeWell, zoom } from "../depth_window.js";
import { plainNumber, withUnit } from "../format.js";
import { colourParameters, plannedUrl } from "../picture_url.js";
import { drawAzimuthHeader, drawDepthAxis } from "./axes.js";
import { attachGestures } from "./gestures.js";
import { Overview } from "./overview.js";
import { fitCanvas, paint } from "./painter.js";
import { Pictures } from "./pictures.js";
import { Readout } from "./readout.js";

const GAP_RATIO = 1.01; // mean row distance to median step above which rows do not lie where they are drawn

export class Track {
  #frame = null;
  #hover = null;

  constructor(api, store) {
    this.store = store;
    this.box = byId("track");
    this.canvas = byId("track-canvas");
    this.pictures = new Pictures(api, () => this.draw());
    this.overview = new Overview(api, {
      onPicture: (picture) => {
        this.pictures.keep(picture);
        this.draw();
      },
      onMove: (depth) => this.#move((window) => pan(window, depth - (window.min + window.max) / 2)),
    });
    this.readout = new Readout(api, store);
    attachGestures(this.box, {
      pan: (pixels) => this.#move((window) => pan(window, (pixels / this.box.clientHeight) * spanOf(window))),
      zoom: (factor, y) => this.#move((window) => zoom(window, factor, this.#depthAt(y))),
      hover: (point) => this.#showCursor(point),
    });
    store.subscribe(() => this.draw());
    new ResizeObserver(() => this.draw()).observe(this.box);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
  }

  /** Moves by so many screens; down is positive. */
  scroll(screens) {
    this.#move((window) => pan(window, screens * spanOf(window)));
  }

  /** Zooms about the cursor if it is on the track, else about the middle. */
  zoom(factor, aboutCursor = false) {
    const y = aboutCursor && this.#hover ? this.#hover.y : this.box.clientHeight / 2;
    this.#move((window) => zoom(window, factor, this.#depthAt(y)));
  }

  showWhole() {
    this.#move((_, image) => wholeWell(image));
  }

  goToEnd(direction) {
    this.#move((window, image) => pan(window, direction * spanOf(wholeWell(image)) * 2));
  }

  retry() {
    this.pictures.retry();
    this.draw();
  }

  /** Draws once in the next frame, however often it is asked to. */
  draw() {
    this.#frame ??= requestAnimationFrame(() => {
      this.#frame = null;
      if (this.store.state.image && this.store.state.window) this.#drawNow(this.store.state);
    });
  }

  #move(change) {
    const { image, window } = this.store.state;
    if (!image) return;
    const moved = settled(change(window, image), image);
    if (moved.min !== window.min || moved.max !== window.max) this.store.set({ window: moved }, "gesture");
  }

  #depthAt(y) {
    const { window } = this.store.state;
    return window.min + (y / this.box.clientHeight) * spanOf(window);
  }

  #drawNow({ image, window, colour }) {
    if (!this.box.clientHeight) return;
    fitCanvas(this.canvas);
    const colourKey = JSON.stringify(colourParameters(colour));
    this.pictures.want({ url: plannedUrl(image, window, this.canvas.height, colour), image, window, colourKey });
    this.overview.show(this.store.state, colourKey);
    const layers = this.pictures.layers();
    paint(this.canvas, window, layers);
    drawDepthAxis(byId("axis"), window);
    drawAzimuthHeader(byId("azimuth"));
    byId("axis-unit").textContent = image.depth_unit ?? "";
    byId("track-busy").hidden = !this.pictures.isLoading;
    showText(byId("track-note"), this.pictures.problem ?? noteOn(layers.at(-1), image, window));
    this.#showCursor(this.#hover);
  }

  #showCursor(point) {
    this.#hover = point;
    const { image, window } = this.store.state;
    const crosshair = byId("crosshair");
    crosshair.hidden = !point || !image;
    if (crosshair.hidden) return this.readout.show(null);
    crosshair.style.top = `${point.y}px`;
    const azimuth = Math.min(Math.max((point.x / this.box.clientWidth) * 360, 0), 360);
    return this.readout.show({ depth: this.#depthAt(point.y), azimuth, window });
  }
}

/** What the reader must know about the picture; null when it simply shows the wall. */
function noteOn(picture, image, window) {
  if (!picture) return null;
  if (!picture.bitmap) {
    const range = `${plainNumber(window.min)} – ${plainNumber(window.max)}`;
    return `No rows between ${withUnit(range, image.depth_unit)}: a gap in depth.`;
  }
  const distance = (picture.max - picture.min) / picture.rowCount;
  return distance > stepOf(image) * GAP_RATIO ? "Depth gaps near here: rows are drawn evenly, depths are approximate." : null;
}
