// The whole well in a narrow strip, with the window on screen marked; the mark can be dragged.

import { byId } from "../dom.js";
import { spanOf, wholeWell } from "../depth_window.js";
import { fitCanvas, paint } from "./painter.js";

export class Overview {
  /** onMove(depth): the window's middle was dragged there. */
  constructor(onMove) {
    this.box = byId("overview");
    this.canvas = byId("overview-canvas");
    this.mark = byId("overview-window");
    this.#attachDrag(onMove);
  }

  draw(state, wall) {
    this.whole = wholeWell(state.image);
    this.window = state.window;
    fitCanvas(this.canvas);
    paint(this.canvas, this.whole, wall.wholeLayers(state), state.rotation / 360);
    const fraction = (depth) => Math.min(Math.max((depth - this.whole.min) / spanOf(this.whole), 0), 1);
    this.mark.style.top = `${fraction(this.window.min) * 100}%`;
    this.mark.style.height = `${(fraction(this.window.max) - fraction(this.window.min)) * 100}%`;
  }

  #attachDrag(onMove) {
    let grip = null; // where in the window, in depth from its middle, it was taken
    const depthAt = (event) => {
      const frame = this.box.getBoundingClientRect();
      return this.whole.min + ((event.clientY - frame.top) / frame.height) * spanOf(this.whole);
    };
    this.box.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || !this.whole) return;
      const depth = depthAt(event);
      const isInside = depth >= this.window.min && depth <= this.window.max;
      grip = isInside ? depth - (this.window.min + this.window.max) / 2 : 0;
      this.box.setPointerCapture(event.pointerId);
      if (!isInside) onMove(depth);
    });
    this.box.addEventListener("pointermove", (event) => {
      if (grip !== null) onMove(depthAt(event) - grip);
    });
    for (const end of ["pointerup", "pointercancel"]) this.box.addEventListener(end, () => (grip = null));
  }
}
