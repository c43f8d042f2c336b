// The whole well in a narrow strip, with the window on screen marked; the mark can be dragged.

import { byId } from "../dom.js";
import { spanOf, wholeWell } from "../depth_window.js";
import { isAbort } from "../api.js";
import { pictureUrl } from "../picture_url.js";
import { fitCanvas, paint } from "./painter.js";
import { loadPicture } from "./pictures.js";

const HEIGHT_STEP = 128;

export class Overview {
  #picture = null;
  #url = null;
  #flight = null;

  /** onPicture(picture): the strip's picture is here; onMove(depth): the window's middle was dragged there. */
  constructor(api, { onPicture, onMove }) {
    this.api = api;
    this.onPicture = onPicture;
    this.box = byId("overview");
    this.canvas = byId("overview-canvas");
    this.mark = byId("overview-window");
    this.#attachDrag(onMove);
  }

  show({ image, window, colour }, colourKey) {
    this.whole = wholeWell(image);
    this.window = window;
    const height = Math.ceil((this.box.clientHeight * devicePixelRatio) / HEIGHT_STEP) * HEIGHT_STEP;
    const url = pictureUrl(image, this.whole, image.rows > height ? height : null, colour);
    if (url !== this.#url) this.#load({ url, image, window: this.whole, colourKey });
    if (this.#picture?.imageId !== image.image_id) this.#picture = null;
    this.draw();
  }

  draw() {
    if (!this.whole) return;
    fitCanvas(this.canvas);
    paint(this.canvas, this.whole, this.#picture ? [this.#picture] : []);
    const fraction = (depth) => Math.min(Math.max((depth - this.whole.min) / spanOf(this.whole), 0), 1);
    this.mark.style.top = `${fraction(this.window.min) * 100}%`;
    this.mark.style.height = `${(fraction(this.window.max) - fraction(this.window.min)) * 100}%`;
  }

  async #load(request) {
    this.#url = request.url;
    this.#flight?.abort();
    this.#flight = new AbortController();
    try {
      this.#picture = await loadPicture(this.api, request, this.#flight.signal);
      this.onPicture(this.#picture);
      this.draw();
    } catch (error) {
      if (!isAbort(error) && this.#url === request.url) this.#url = null; // the next view asks again
    }
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
