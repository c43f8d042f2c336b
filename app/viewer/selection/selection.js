// A range of depth chosen on the track: the band, and its statistics.

import { isAbort } from "../api.js";
import { byId, element } from "../dom.js";
import { cut } from "../depth_window.js";
import { countText, percentText, plainNumber, valueText, withUnit } from "../format.js";
import { svg } from "../dom.js";

const LEAST_DRAG_PX = 3;
const REST_MS = 250;
const NO_ROWS = { rows: 0, value_count: 0, null_fraction: null, minimum: null, maximum: null, mean: null, standard_deviation: null, percentiles: {} };

export class Selection {
  #flight = null;
  #timer = null;

  constructor(api, store, track) {
    Object.assign(this, { api, store, track });
    track.onDraw((pane, state) => drawBand(pane, state));
    byId("selection-clear").addEventListener("click", () => this.clear());
    byId("selection-zoom").addEventListener("click", () => {
      const { selection, image } = store.state;
      store.set({ window: cut(selection, image) }, "step");
    });
    store.subscribe((state, before) => {
      if (state.selection !== before.selection) this.#show(state);
      else if (state.image !== before.image && state.selection) this.clear();
    });
  }

  clear() {
    if (this.store.state.selection) this.store.set({ selection: null });
  }

  /** What a drag that chooses a range does. */
  begin(pane, point) {
    const start = pane.at(point, this.store.state).depth;
    const isFar = (place) => Math.abs(place.y - point.y) >= LEAST_DRAG_PX;
    const rangeTo = (place) => {
      const y = Math.min(Math.max(place.y, 0), pane.box.clientHeight);
      const end = pane.at({ x: 0, y }, this.store.state).depth;
      const decimals = Math.max(0, Math.ceil(4 - Math.log10(this.store.state.window.max - this.store.state.window.min)));
      const [min, max] = [start, end].sort((a, b) => a - b).map((depth) => Number(depth.toFixed(Math.min(decimals, 6))));
      return cut({ min, max }, this.store.state.image);
    };
    const before = this.store.state.selection;
    return {
      move: (place) => isFar(place) && this.store.set({ selection: rangeTo(place) }),
      end: (place) => this.store.set({ selection: isFar(place) ? rangeTo(place) : null }),
      cancel: () => this.store.set({ selection: before }),
    };
  }

  #show({ selection, image }) {
    byId("selection").hidden = !selection;
    this.#flight?.abort();
    clearTimeout(this.#timer);
    if (!selection) return;
    this.#write(image, selection, null);
    this.#timer = setTimeout(() => this.#load(image, selection), REST_MS);
  }

  async #load(image, selection) {
    this.#flight = new AbortController();
    const found = await this.api.statistics(image, selection, this.#flight.signal).catch((error) => {
      if (isAbort(error)) return null;
      return error.code === "depth_range_empty" ? NO_ROWS : { problem: error.message };
    });
    if (found && this.store.state.selection === selection) this.#write(image, selection, found);
  }

  /** found: what the server says of the range, {problem}, or null while it is being fetched. */
  #write(image, { min, max }, found) {
    const facts = [
      ["From", withUnit(plainNumber(min), image.depth_unit)],
      ["To", withUnit(plainNumber(max), image.depth_unit)],
      ["Thickness", withUnit(plainNumber(max - min, 4), image.depth_unit)],
    ];
    if (found?.problem) facts.push(["Statistics", found.problem]);
    else {
      const shown = (value, text) => (!found ? "…" : value === null || value === undefined ? "–" : text(value));
      const { 10: low, 90: high } = found?.percentiles ?? {};
      facts.push(
        ["Rows", shown(found?.rows, countText)],
        ["Values", shown(found?.value_count, countText)],
        ["Nulls", shown(found?.null_fraction, percentText)],
        ["Minimum", shown(found?.minimum, valueText)],
        ["Maximum", shown(found?.maximum, valueText)],
        ["Mean", shown(found?.mean, valueText)],
        ["Std. deviation", shown(found?.standard_deviation, valueText)],
        ["Median", shown(found?.percentiles[50], valueText)],
        ["P10 – P90", shown(low, () => `${valueText(low)} – ${valueText(high)}`)],
      );
    }
    byId("selection-facts").replaceChildren(
      ...facts.flatMap(([name, text]) => [element("dt", {}, name), element("dd", {}, text)]),
    );
  }
}

function drawBand(pane, { selection, window }) {
  let band = pane.overlay.querySelector(".band");
  if (!selection) {
    band?.remove();
    return;
  }
  if (!band) {
    const frame = (name) => svg("rect", { class: name, x: 1, width: "calc(100% - 2px)" });
    pane.overlay.prepend((band = svg("g", { class: "band" }, frame("band-ground"), frame("band-line"))));
  }
  const scale = pane.box.clientHeight / (window.max - window.min);
  for (const frame of band.children) {
    frame.setAttribute("y", (selection.min - window.min) * scale);
    frame.setAttribute("height", Math.max((selection.max - selection.min) * scale, 1));
  }
}
