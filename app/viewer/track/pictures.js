// The pictures at hand and the one on its way.

import { isAbort, ServerAway } from "../api.js";
import { stepOf } from "../depth_window.js";

const KEPT = 16;
const RETRY_MS = 3000;

/**
 * A picture: {url, imageId, colourKey, min, max, bitmap}. min and max are the outer edges of its first and last
 * row: half a row beyond their depths. bitmap is null where the server has no rows in the range.
 */
export class Pictures {
  #kept = new Map(); // by URL, the least recently wanted first
  #wanted = null;
  #flight = null; // {request, controller}
  #retry = null;

  constructor(api, onChange) {
    this.api = api;
    this.onChange = onChange;
    this.problem = null;
  }

  get isLoading() {
    return this.#flight !== null;
  }

  /** request: {url, image, window (on screen), colourKey}. The last one wins; the one on its way may finish. */
  want(request) {
    if (this.#wanted?.url === request.url) return;
    this.#wanted = request;
    this.problem = null;
    clearTimeout(this.#retry);
    const isUseless = this.#flight && !sameLooks(this.#flight.request, request);
    if (isUseless) this.#flight.controller.abort();
    this.#next();
  }

  retry() {
    clearTimeout(this.#retry);
    this.#next();
  }

  /** Adds a picture that is to be drawn where nothing sharper is at hand. */
  keep(picture) {
    this.#kept.delete(picture.url);
    this.#kept.set(picture.url, picture);
    for (const url of this.#kept.keys()) {
      if (this.#kept.size <= KEPT) break;
      if (url !== this.#wanted?.url) this.#kept.delete(url);
    }
  }

  /** What to draw, in drawing order: the wanted picture alone once it is here, else the best at hand. */
  layers() {
    if (!this.#wanted) return [];
    const exact = this.#kept.get(this.#wanted.url);
    if (exact) return [exact];
    const rank = (picture) => (picture.colourKey === this.#wanted.colourKey ? 1e12 : 0) + picture.density;
    return [...this.#kept.values()]
      .filter((picture) => picture.imageId === this.#wanted.image.image_id && picture.bitmap)
      .sort((a, b) => rank(a) - rank(b));
  }

  #next() {
    const request = this.#wanted;
    if (!request || this.#flight) return;
    if (this.#kept.has(request.url)) {
      this.keep(this.#kept.get(request.url));
      return;
    }
    const controller = new AbortController();
    this.#flight = { request, controller };
    this.#load(request, controller.signal).finally(() => {
      this.#flight = null;
      if (this.#wanted.url !== request.url) this.#next();
      this.onChange();
    });
    this.onChange();
  }

  async #load(request, signal) {
    try {
      this.keep(await loadPicture(this.api, request, signal));
    } catch (error) {
      if (isAbort(error) || this.#wanted.url !== request.url) return;
      if (!(error instanceof ServerAway)) this.problem = error.message;
      this.#retry = setTimeout(() => this.#next(), RETRY_MS);
    }
  }
}

const sameLooks = (a, b) => a.image.image_id === b.image.image_id && a.colourKey === b.colourKey;

export async function loadPicture(api, { url, image, window, colourKey }, signal) {
  const common = { url, imageId: image.image_id, colourKey };
  try {
    const { bitmap, depthMin, depthMax, rowCount, level } = await api.picture(url, signal);
    const half = rowCount > 1 ? (depthMax - depthMin) / (rowCount - 1) / 2 : stepOf(image) / 2;
    const [min, max] = [depthMin - half, depthMax + half];
    return { ...common, bitmap, min, max, rowCount, level, density: bitmap.height / (max - min) };
  } catch (error) {
    if (error.code !== "depth_range_empty") throw error;
    return { ...common, ...window, bitmap: null, density: 0 };
  }
}
