// Colormap, range and inversion, on the histogram of the image.

import { byId, element, showText } from "../dom.js";
import { parseNumber } from "../format.js";
import { drawHistogram, extentOf } from "./histogram.js";
import { RangeHandles } from "./range_handles.js";

const DRAG_EVERY_MS = 120;

export class ColourPanel {
  #palettes = new Map(); // name → [[r, g, b], …]
  #extent = null; // kept while a handle is dragged, so that it stays under the pointer
  #lastDrag = 0;

  constructor(api, store) {
    this.api = api;
    this.store = store;
    this.select = byId("colormap");
    this.low = byId("range-low");
    this.high = byId("range-high");
    this.invert = byId("invert");
    this.canvas = byId("histogram");
    this.handles = new RangeHandles(this.canvas, (range, isFinal) => this.#drag(range, isFinal));
    this.select.addEventListener("change", () => this.#set({ name: this.select.value }));
    this.invert.addEventListener("change", () => this.toggleInvert());
    byId("range-reset").addEventListener("click", () => this.#set({ range: null }));
    byId("colour-range").addEventListener("change", ({ target }) => target !== this.invert && this.#takeRange());
    byId("colour-range").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#takeRange();
    });
    new ResizeObserver(() => this.store.state.image && this.#draw(this.store.state)).observe(this.canvas);
    store.subscribe((state, before) => {
      if (state.image && (state.image !== before.image || state.colour !== before.colour)) this.#show(state);
    });
  }

  fill({ colormaps }) {
    this.select.replaceChildren(...colormaps.map(({ name }) => element("option", { value: name }, name)));
  }

  toggleInvert() {
    this.#set({ invert: !this.store.state.colour.invert });
  }

  #set(changes, history = "step") {
    this.store.set({ colour: { ...this.store.state.colour, ...changes } }, history);
  }

  #drag(range, isFinal) {
    const now = performance.now();
    if (isFinal || now - this.#lastDrag > DRAG_EVERY_MS) {
      this.#lastDrag = now;
      this.#set({ range }, "gesture");
    }
    if (!isFinal) this.#draw({ ...this.store.state, colour: { ...this.store.state.colour, range } });
  }

  #takeRange() {
    const own = this.store.state.image.display_range;
    const [low, high] = [parseNumber(this.low.value), parseNumber(this.high.value)];
    const problem = low === null || high === null ? "Two numbers, please." : low >= high ? "Low must be below high." : null;
    this.#mark(problem);
    if (problem) return;
    const range = low === own[0] && high === own[1] ? null : [low, high];
    if (String(range) !== String(this.store.state.colour.range)) this.#set({ range });
  }

  #show(state) {
    const { colour } = state;
    this.select.value = colour.name;
    this.invert.checked = colour.invert;
    byId("range-reset").hidden = colour.range === null;
    this.#mark(null);
    this.#draw(state);
  }

  async #draw({ image, colour }) {
    const range = colour.range ?? image.display_range;
    if (!this.handles.isDragging || !this.#extent) this.#extent = extentOf(image, colour.range);
    [this.low.value, this.high.value] = range;
    this.handles.show(this.#extent, range);
    const palette = await this.#palette(colour.name);
    const now = this.store.state;
    if (!palette || now.image !== image || now.colour.name !== colour.name) return;
    const colors = now.colour.invert ? palette.toReversed() : palette;
    drawHistogram(this.canvas, image.statistics, this.#extent, range, colors);
  }

  async #palette(name) {
    if (!this.#palettes.has(name)) {
      const answer = await this.api.colormap(name).catch(() => null); // the banner tells of a server that is away
      if (answer) this.#palettes.set(name, answer.colors);
    }
    return this.#palettes.get(name);
  }

  #mark(problem) {
    for (const field of [this.low, this.high]) field.setAttribute("aria-invalid", String(problem !== null));
    showText(byId("colour-error"), problem);
  }
}
