// The tiles at hand and those on their way.

import { isAbort } from "../api.js";

const KEPT = 240; // of at most 512 rows of 150 pixels: 70 MB
const AT_ONCE = 6;
const RETRY_MS = 3000;

/** A tile: {level, index, bitmap}. A place is a tile whatever its colours: "image/normalisation/level/index". */
export class Tiles {
  #kept = new Map(); // by URL, the least recently drawn first
  #latest = new Map(); // place → URL of the tile that came last, to be drawn until the right one is here
  #flights = new Map(); // URL → AbortController
  #failed = new Set();
  #wanted = [];
  #retry = null;

  constructor(api, onChange) {
    this.api = api;
    this.onChange = onChange;
    this.problem = null;
  }

  get isLoading() {
    return this.#flights.size > 0;
  }

  get(url) {
    const tile = this.#kept.get(url);
    if (tile) this.#touch(url, tile);
    return tile;
  }

  /** The same rows in whatever colours we have. */
  latest(place) {
    return this.#kept.get(this.#latest.get(place));
  }

  /** requests: [{url, place, level, index}], the most wanted first. What is on its way and not among them is aborted. */
  want(requests) {
    this.#wanted = requests;
    const urls = new Set(requests.map(({ url }) => url));
    for (const [url, controller] of this.#flights) {
      if (!urls.has(url)) controller.abort();
    }
    this.#next();
  }

  retry() {
    clearTimeout(this.#retry);
    this.#retry = null;
    this.#failed.clear();
    this.#next();
  }

  #next() {
    for (const request of this.#wanted) {
      if (this.#flights.size >= AT_ONCE) return;
      const { url } = request;
      if (!this.#kept.has(url) && !this.#flights.has(url) && !this.#failed.has(url)) this.#load(request);
    }
  }

  async #load({ url, place, level, index }) {
    const controller = new AbortController();
    this.#flights.set(url, controller);
    try {
      const bitmap = await this.api.bitmap(url, controller.signal);
      this.#touch(url, { level, index, bitmap, place });
      this.#latest.set(place, url);
      this.problem = null;
    } catch (error) {
      if (!isAbort(error)) this.#fail(url, error);
    }
    this.#flights.delete(url);
    this.#next();
    this.onChange();
  }

  #fail(url, error) {
    this.#failed.add(url);
    this.problem = error.status ? error.message : null; // the banner tells of a server that is away
    this.#retry ??= setTimeout(() => this.retry(), RETRY_MS);
  }

  #touch(url, tile) {
    this.#kept.delete(url);
    this.#kept.set(url, tile);
    for (const [oldest, { bitmap, place }] of this.#kept) {
      if (this.#kept.size <= KEPT) break;
      this.#kept.delete(oldest);
      if (this.#latest.get(place) === oldest) this.#latest.delete(place);
      bitmap.close();
    }
  }
}
