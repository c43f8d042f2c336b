// The two handles on the histogram: the values at the ends of the colormap.

import { byId } from "../dom.js";
import { valueText } from "../format.js";

const KEY_SHARE = 0.01; // of the extent, for an arrow key
const LEAST_SHARE = 0.005;

export class RangeHandles {
  #extent = null;
  #range = null;

  /** onChange(range, isFinal): while a handle is dragged, and when it is let go. */
  constructor(box, onChange) {
    this.box = box;
    this.onChange = onChange;
    this.handles = [byId("handle-low"), byId("handle-high")];
    this.handles.forEach((handle, end) => this.#attach(handle, end));
  }

  get isDragging() {
    return this.handles.some((handle) => handle.classList.contains("dragging"));
  }

  show(extent, range) {
    this.#extent = extent;
    this.#range = range;
    this.handles.forEach((handle, end) => {
      handle.style.left = `${((range[end] - extent.min) / (extent.max - extent.min)) * 100}%`;
      handle.setAttribute("aria-valuemin", extent.min);
      handle.setAttribute("aria-valuemax", extent.max);
      handle.setAttribute("aria-valuenow", range[end]);
      handle.setAttribute("aria-valuetext", valueText(range[end]));
    });
  }

  #attach(handle, end) {
    handle.addEventListener("pointerdown", (event) => {
      handle.setPointerCapture(event.pointerId);
      handle.classList.add("dragging");
    });
    handle.addEventListener("pointermove", (event) => {
      if (!handle.hasPointerCapture(event.pointerId)) return;
      const frame = this.box.getBoundingClientRect();
      const share = Math.min(Math.max((event.clientX - frame.left) / frame.width, 0), 1);
      this.#move(end, this.#extent.min + share * (this.#extent.max - this.#extent.min), false);
    });
    for (const name of ["pointerup", "pointercancel"]) {
      handle.addEventListener(name, () => {
        handle.classList.remove("dragging");
        this.onChange(this.#range, true);
      });
    }
    handle.addEventListener("keydown", (event) => {
      const way = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 }[event.key];
      if (!way) return;
      event.preventDefault();
      event.stopPropagation();
      this.#move(end, this.#range[end] + way * KEY_SHARE * (this.#extent.max - this.#extent.min), true);
    });
  }

  #move(end, value, isFinal) {
    const width = this.#extent.max - this.#extent.min;
    const [low, high] = this.#range;
    const kept = end === 0 ? Math.min(value, high - width * LEAST_SHARE) : Math.max(value, low + width * LEAST_SHARE);
    const decimals = Math.max(0, 3 - Math.ceil(Math.log10(width)));
    const rounded = Number(kept.toFixed(Math.min(decimals, 12)));
    this.onChange(end === 0 ? [rounded, high] : [low, rounded], isFinal);
  }
}
