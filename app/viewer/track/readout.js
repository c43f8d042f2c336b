// What lies under the cursor. Values are fetched when first asked for, some rows around the cursor at a time.

import { byId } from "../dom.js";
import { countText, depthDecimals, valueText, withUnit } from "../format.js";
import { stepOf } from "../depth_window.js";

const ROWS_AROUND = 100;
const REST_MS = 80;

export class Readout {
  #rows = null; // {imageId, min, max, frames}: what was fetched last
  #flight = null;
  #timer = null;
  #cursor = null; // {depth, azimuth}
  #gap = null; // a depth known to lie in a gap

  /** wall: its depth index knows which row lies where. */
  constructor(api, store, wall) {
    this.api = api;
    this.store = store;
    this.wall = wall;
  }

  /** cursor: {depth, azimuth in degrees}, or null outside the track. */
  show(cursor) {
    this.#cursor = cursor;
    this.#write();
    clearTimeout(this.#timer);
    if (cursor) this.#timer = setTimeout(() => this.#load(), REST_MS);
  }

  #write() {
    const texts = this.#cursor ? this.#texts() : ["–", "–", "–", "–"];
    ["depth", "azimuth", "row", "value"].forEach((name, k) => {
      byId(`cursor-${name}`).textContent = texts[k];
    });
  }

  #texts() {
    const { image } = this.store.state;
    const { depth, azimuth } = this.#cursor;
    const frame = this.#frame();
    const decimals = depthDecimals(image) + (frame ? 0 : 1);
    return [
      withUnit((frame ? frame.depth : depth).toFixed(decimals), image.depth_unit),
      `${azimuth.toFixed(0)}°`,
      frame ? countText(frame.row) : frame === null ? "none here" : "…",
      frame ? pixelText(frame.pixels, azimuth) : frame === null ? "–" : "…",
    ];
  }

  /** The frame under the cursor with the number of its row; null in a gap, undefined while unknown. */
  #frame() {
    const { image } = this.store.state;
    const { depth } = this.#cursor;
    const rows = this.#rows;
    if (depth === this.#gap) return null;
    if (rows?.imageId !== image.image_id || depth < rows.min || depth > rows.max) return undefined;
    const row = this.wall.depths.rowAt(0, depth);
    if (typeof row !== "number") return row;
    const { top, bottom } = this.wall.depths.edges(0, row);
    const frame = rows.frames.find((candidate) => candidate.depth >= top && candidate.depth <= bottom);
    return frame && depth >= top && depth <= bottom ? { ...frame, row } : null;
  }

  async #load() {
    const { image } = this.store.state;
    if (!this.#cursor || !image || this.#frame() !== undefined) return this.#write();
    const { depth } = this.#cursor;
    const row = this.wall.depths.rowAt(0, depth);
    if (row === undefined) return undefined; // the depths are on their way; once here, the track is drawn again
    if (row === null) {
      this.#gap = depth;
      return this.#write();
    }
    const reach = stepOf(image) * ROWS_AROUND;
    const range = { min: depth - reach, max: depth + reach };
    this.#flight?.abort();
    this.#flight = new AbortController();
    const parameters = { image_id: image.image_id, depth_min: range.min, depth_max: range.max };
    try {
      const { frames } = await this.api.frames(parameters, this.#flight.signal);
      this.#rows = { imageId: image.image_id, ...range, frames };
    } catch {
      return undefined; // aborted, or the banner tells
    }
    return this.#cursor && this.#write();
  }
}

function pixelText(pixels, azimuth) {
  const value = pixels[Math.min(Math.floor((azimuth / 360) * pixels.length), pixels.length - 1)];
  return value === null ? "null" : valueText(value);
}
