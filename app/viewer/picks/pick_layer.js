// The sines on the track, to be laid down and dragged.

import { svg } from "../dom.js";
import { xOf } from "../azimuth.js";
import { depthAt, pointsOf, sineFrom } from "./sine.js";

const LEAST_DRAG_PX = 3;
const NEAR_PX = 7;

export class PickLayer {
  #draft = null;

  /** describe() gives what a new pick has beside its sine: {name, kind, hole_diameter}. */
  constructor(store, picks, track, describe) {
    Object.assign(this, { store, picks, track, describe });
    picks.subscribe(() => track.draw());
    track.onDraw((pane, state) => this.#draw(pane, state));
    track.onTap((pane, point) => this.#chooseAt(pane, point));
  }

  /** What a drag with the sine tool does. */
  begin(pane, point) {
    const start = pane.at(point, this.store.state);
    this.picks.choose(null);
    const isFar = ({ x, y }) => Math.hypot(x - point.x, y - point.y) >= LEAST_DRAG_PX;
    const show = (draft) => {
      this.#draft = draft;
      this.track.draw();
    };
    const sineTo = (place) => sineFrom(start, pane.at(inside(place, pane.box), this.store.state));
    return {
      move: (place) => show(isFar(place) ? sineTo(place) : null),
      end: (place) => {
        show(null);
        if (isFar(place)) this.picks.add({ ...this.describe(), ...rounded(sineTo(place)) });
      },
      cancel: () => show(null),
    };
  }

  /** The nearest sine under a tap; elsewhere none. */
  #chooseAt(pane, point) {
    const { state } = this.store;
    const { depth, azimuth } = pane.at(point, state);
    const near = (NEAR_PX / pane.box.clientHeight) * (state.window.max - state.window.min);
    const away = (pick) => Math.abs(depthAt(pick, azimuth) - depth);
    const [nearest] = this.picks.list.filter((pick) => away(pick) <= near).sort((a, b) => away(a) - away(b));
    this.picks.choose(nearest?.id ?? null);
  }

  #draw(pane, state) {
    const size = { width: pane.box.clientWidth, height: pane.box.clientHeight };
    const { min, max } = state.window;
    const inSight = this.picks.list.filter(
      ({ depth, amplitude }) => depth + amplitude >= min && depth - amplitude <= max,
    );
    const nodes = new Map([...pane.overlay.querySelectorAll(".pick")].map((node) => [node.dataset.pick, node]));
    const shown = inSight.map((pick) => {
      const node = nodes.get(String(pick.id)) ?? this.#node(pane, pick.id);
      nodes.delete(String(pick.id));
      place(node, pick, state, size, pick.id === this.picks.chosenId);
      return node;
    });
    for (const node of nodes.values()) node.remove();
    for (const node of shown) if (!node.isConnected) pane.overlay.append(node);
    if (this.#draft) {
      const draft = svg("path", { class: "pick draft", d: pathOf(this.#draft, state, size) });
      pane.overlay.append(draft);
    }
  }

  #node(pane, id) {
    const line = svg("path", { class: "line" });
    const grip = svg("path", { class: "grip" });
    const trough = svg("circle", { class: "trough", r: 7 });
    const node = svg("g", { class: "pick", "data-pick": id }, line, grip, trough);
    this.#attachDrag(pane, grip, id, (pick, from, to) => ({
      depth: pick.depth + to.depth - from.depth,
      azimuth: (pick.azimuth + to.azimuth - from.azimuth + 720) % 360,
    }));
    this.#attachDrag(pane, trough, id, (pick, _, to) => sineFrom(pick, to));
    return node;
  }

  #attachDrag(pane, handle, id, change) {
    let drag = null; // {from, pick, changes}
    const at = (event) => {
      const frame = pane.box.getBoundingClientRect();
      return pane.at(inside({ x: event.clientX - frame.left, y: event.clientY - frame.top }, pane.box), this.store.state);
    };
    handle.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      event.stopPropagation();
      handle.setPointerCapture(event.pointerId);
      this.picks.choose(id);
      if (!drag) this.picks.hold();
      drag = { from: at(event), pick: this.picks.chosen, changes: null };
    });
    handle.addEventListener("pointermove", (event) => {
      if (!drag?.pick) return;
      event.stopPropagation();
      drag.changes = rounded({ ...drag.pick, ...change(drag.pick, drag.from, at(event)) });
      this.picks.alter(id, drag.changes);
    });
    for (const end of ["pointerup", "pointercancel"]) {
      handle.addEventListener(end, () => {
        if (!drag) return;
        if (drag.changes) this.picks.save(id, drag.changes);
        drag = null;
        this.picks.release();
      });
    }
  }
}

function place(node, pick, state, size, isChosen) {
  const [line, grip, trough] = node.children;
  const path = pathOf(pick, state, size);
  line.setAttribute("d", path);
  grip.setAttribute("d", path);
  node.dataset.kind = pick.kind;
  node.classList.toggle("chosen", isChosen);
  const { min, max } = state.window;
  trough.setAttribute("cx", xOf(pick.azimuth, state.rotation) * size.width);
  trough.setAttribute("cy", ((depthAt(pick, pick.azimuth) - min) / (max - min)) * size.height);
}

const pathOf = (pick, state, size) =>
  `M${pointsOf(pick, state, size).map(({ x, y }) => `${x.toFixed(1)} ${y.toFixed(1)}`).join("L")}`;

const inside = ({ x, y }, box) => ({ x: Math.min(Math.max(x, 0), box.clientWidth - 1), y });

const rounded = ({ depth, amplitude, azimuth }) => ({
  depth: Number(depth.toFixed(5)),
  amplitude: Number(amplitude.toFixed(5)),
  azimuth: Number(azimuth.toFixed(2)) % 360,
});
