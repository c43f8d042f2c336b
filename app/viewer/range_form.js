// The depth fields above the track.

import { byId, showText } from "./dom.js";
import { cut } from "./depth_window.js";
import { depthRangeText, parseNumber, plainNumber } from "./format.js";

export class RangeForm {
  constructor(store) {
    this.store = store;
    this.min = byId("depth-min");
    this.max = byId("depth-max");
    byId("range").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#take();
    });
    store.subscribe(({ image, window }) => {
      if (!image || !window) return;
      this.min.value = plainNumber(window.min);
      this.max.value = plainNumber(window.max);
      byId("depth-unit").textContent = image.depth_unit ?? "";
      this.#mark(null);
    });
  }

  #take() {
    const { image } = this.store.state;
    const [min, max] = [parseNumber(this.min.value), parseNumber(this.max.value)];
    if (min === null || max === null) return this.#mark("Type two depths, such as 9201.9 and 9210.3.");
    if (min >= max) return this.#mark("Depth min must be less than depth max: depth increases downwards.");
    const window = cut({ min, max }, image);
    if (!window) return this.#mark(`This image covers ${depthRangeText(image)}.`);
    return this.store.set({ window }, "step");
  }

  #mark(problem) {
    for (const field of [this.min, this.max]) field.setAttribute("aria-invalid", String(problem !== null));
    showText(byId("range-error"), problem);
  }
}
