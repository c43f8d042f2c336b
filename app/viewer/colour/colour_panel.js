// Colormap, range, inversion and their legend.

import { urlOf } from "./api.js";
import { byId, element, showText } from "./dom.js";
import { parseNumber } from "./format.js";
import { drawHistogram } from "./histogram.js";

export class ColourPanel {
  constructor(store) {
    this.store = store;
    this.select = byId("colormap");
    this.low = byId("range-low");
    this.high = byId("range-high");
    this.invert = byId("invert");
    this.select.addEventListener("change", () => this.#set({ name: this.select.value }));
    this.invert.addEventListener("change", () => this.#set({ invert: this.invert.checked }));
    byId("range-reset").addEventListener("click", () => this.#set({ range: null }));
    byId("colour-range").addEventListener("change", () => this.#takeRange());
    byId("colour-range").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#takeRange();
    });
    store.subscribe((state, before) => {
      if (state.image && (state.image !== before.image || state.colour !== before.colour)) this.#show(state);
    });
  }

  fill({ colormaps }) {
    this.select.replaceChildren(
      ...colormaps.map(({ name, title }) => element("option", { value: name }, title ?? name)),
    );
  }

  #set(changes) {
    this.store.set({ colour: { ...this.store.state.colour, ...changes } }, "step");
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

  #show({ image, colour }) {
    const [low, high] = colour.range ?? image.display_range;
    this.select.value = colour.name;
    this.invert.checked = colour.invert;
    this.low.value = low;
    this.high.value = high;
    this.#mark(null);
    byId("range-reset").hidden = colour.range === null;
    const legend = byId("legend");
    const url = urlOf(`/colormaps/${encodeURIComponent(colour.name)}`, { format: "png" });
    if (legend.src !== url) legend.src = url;
    legend.classList.toggle("inverted", colour.invert);
    drawHistogram(byId("histogram"), image.statistics, low, high);
  }

  #mark(problem) {
    for (const field of [this.low, this.high]) field.setAttribute("aria-invalid", String(problem !== null));
    showText(byId("colour-error"), problem);
  }
}
