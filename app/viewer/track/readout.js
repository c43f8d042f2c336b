// What lies under the cursor. Values are fetched when first asked for, for windows of at most 2,000 rows.

import { byId } from "../dom.js";
import { decimalsOf, valueText, withUnit } from "../format.js";
import { stepOf } from "../depth_window.js";
import { rowsIn, snapped } from "../picture_url.js";

const ROWS_AT_MOST = 2000;
const REST_MS = 120;

export class Readout {
  #values = null; // {imageId, min, max, frames}
  #flight = null;
  #timer = null;
  #cursor = null; // {depth, azimuth}

  constructor(api, store) {
    this.api = api;
    this.store = store;
    store.subscribe(() => this.#rest());
  }

  /** cursor: {depth, azimuth in degrees}, or null outside the track. */
  show(cursor) {
    this.#cursor = cursor;
    this.#write();
    this.#rest();
  }

  #write() {
    const { image } = this.store.state;
    const row = this.#cursor && this.#row();
    const depth = row ? row.depth : this.#cursor?.depth;
    const decimals = image ? decimalsOf(stepOf(image)) + (row ? 0 : 1) : 0;
    byId("cursor-depth").textContent = this.#cursor ? withUnit(depth.toFixed(decimals), image.depth_unit) : "–";
    byId("cursor-azimuth").textContent = this.#cursor ? `${this.#cursor.azimuth.toFixed(0)}°` : "–";
    byId("cursor-value").textContent = this.#cursor ? this.#value(row) : "–";
  }

  #value(row) {
    const { image, window } = this.store.state;
    if (rowsIn(image, window) > ROWS_AT_MOST) return "zoom in";
    if (!this.#covers(image, window)) return "…";
    if (!row) return "no row here";
    const index = Math.min(Math.floor((this.#cursor.azimuth / 360) * row.pixels.length), row.pixels.length - 1);
    const value = row.pixels[index];
    return value === null ? "null" : valueText(value);
  }

  /** The row whose half step holds the cursor; none inside a gap. */
  #row() {
    const { image, window } = this.store.state;
    if (!this.#covers(image, window)) return null;
    const { frames } = this.#values;
    const { depth } = this.#cursor;
    let [low, high] = [0, frames.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (frames[middle].depth < depth) low = middle + 1;
      else high = middle;
    }
    const near = [frames[low - 1], frames[low]].filter(Boolean);
    near.sort((a, b) => Math.abs(a.depth - depth) - Math.abs(b.depth - depth));
    return near[0] && Math.abs(near[0].depth - depth) <= stepOf(image) * 0.51 ? near[0] : null;
  }

  #covers(image, window) {
    const values = this.#values;
    if (!image || values?.imageId !== image.image_id) return false;
    return values.min <= Math.max(window.min, image.depth_min) && values.max >= Math.min(window.max, image.depth_max);
  }

  #rest() {
    clearTimeout(this.#timer);
    if (this.#cursor) this.#timer = setTimeout(() => this.#load(), REST_MS);
  }

  async #load() {
    const { image, window } = this.store.state;
    if (!image || rowsIn(image, window) > ROWS_AT_MOST || this.#covers(image, window)) return this.#write();
    const range = snapped(window, image, 0);
    this.#flight?.abort();
    this.#flight = new AbortController();
    const parameters = { image_id: image.image_id, depth_min: range.min, depth_max: range.max };
    try {
      const { frames } = await this.api.frames(parameters, this.#flight.signal);
      this.#values = { imageId: image.image_id, ...range, frames };
    } catch (error) {
      if (error.code !== "depth_range_empty") return undefined; // the track and the banner tell of it
      this.#values = { imageId: image.image_id, ...range, frames: [] };
    }
    return this.#write();
  }
}
