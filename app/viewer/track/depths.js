// Where the rows of an image lie in depth, at every overview level, fetched piece by piece.

import { isAbort } from "../api.js";
import { stepOf } from "../depth_window.js";
import { coarsestLevel, rowsPerCoarsest } from "./levels.js";

const CHUNK_ROWS = 2048;
const CHUNKS_KEPT = 256;
const RETRY_MS = 3000;

/**
 * A chunk holds `count` rows from row `start` on. Row start + i is drawn as the stretches first[i] to first[i + 1]:
 * one, or several where gaps in depth break it. top and bottom, float64, are the outer edges of each stretch.
 */
export class DepthIndex {
  #chunks = new Map(); // "level/number" → chunk, or null while on its way
  #flights = new AbortController();

  constructor(api, image, onChange) {
    this.api = api;
    this.image = image;
    this.onChange = onChange;
  }

  close() {
    this.#flights.abort();
  }

  /** The chunk that holds this row; undefined while it is not there yet, and then it is sent for. */
  chunk(level, row) {
    const number = Math.floor(row / CHUNK_ROWS);
    const key = `${level}/${number}`;
    const known = this.#chunks.get(key);
    if (known === undefined) this.#load(key, level, number);
    else if (known) this.#keep(key, known);
    return known ?? undefined;
  }

  /** {first, last} rows of the level in sight, a few more while not all depths are here; null where there are none. */
  rowsIn(level, window) {
    const coarsest = coarsestLevel(this.image);
    const all = { first: 0, last: this.image.level_rows[coarsest] - 1 };
    const rough = this.#narrowed(coarsest, all, window);
    if (!rough || level === coarsest) return rough;
    const factor = rowsPerCoarsest(this.image, level);
    const last = Math.min((rough.last + 1) * factor, this.image.level_rows[level]) - 1;
    return this.#narrowed(level, { first: rough.first * factor, last }, window);
  }

  /** The row of a level at this depth; null in a gap, undefined while unknown. */
  rowAt(level, depth) {
    const rows = this.rowsIn(level, { min: depth, max: depth });
    if (!rows) return null;
    if (rows.first !== rows.last) return this.chunk(level, rows.first) && this.chunk(level, rows.last) ? rows.first : undefined;
    return this.chunk(level, rows.first) ? rows.first : undefined;
  }

  /** The outer edges {top, bottom} of a row; undefined while unknown. */
  edges(level, row) {
    const chunk = this.chunk(level, row);
    if (!chunk) return undefined;
    const i = row - chunk.start;
    return { top: chunk.top[chunk.first[i]], bottom: chunk.bottom[chunk.first[i + 1] - 1] };
  }

  /** Narrows a range of rows to those in sight, as far as the depths at hand tell. */
  #narrowed(level, { first, last }, window) {
    let [low, high] = [first, last + 1];
    while (low < high) { // the first row whose bottom lies at or below the window's top
      const middle = (low + high) >> 1;
      const edges = this.edges(level, middle);
      if (!edges) break;
      if (edges.bottom < window.min) low = middle + 1;
      else high = middle;
    }
    const from = low;
    [low, high] = [Math.max(from, first) - 1, last];
    while (low < high) { // the last row whose top lies at or above the window's bottom
      const middle = (low + high + 1) >> 1;
      const edges = this.edges(level, middle);
      if (!edges) {
        low = high;
        break;
      }
      if (edges.top > window.max) high = middle - 1;
      else low = middle;
    }
    return low < from ? null : { first: from, last: low };
  }

  #keep(key, chunk) {
    this.#chunks.delete(key);
    this.#chunks.set(key, chunk);
    for (const oldest of this.#chunks.keys()) {
      if (this.#chunks.size <= CHUNKS_KEPT) break;
      if (this.#chunks.get(oldest)) this.#chunks.delete(oldest);
      else break;
    }
  }

  async #load(key, level, number) {
    this.#chunks.set(key, null);
    const start = number * CHUNK_ROWS;
    const before = start > 0 ? 1 : 0; // the neighbours outside decide on the outermost edges
    const count = Math.min(CHUNK_ROWS + 1, this.image.level_rows[level] - start) + before;
    try {
      const depths = await this.api.depths(this.image, level, start - before, count, this.#flights.signal);
      const rows = Math.min(CHUNK_ROWS, count - before);
      this.#keep(key, chunkOf(depths, start, rows, stepOf(this.image)));
    } catch (error) {
      if (isAbort(error)) return;
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      this.#chunks.delete(key);
    }
    this.onChange();
  }
}

/**
 * Edges without seams: two stretches meet half way, unless a gap lies between them; then each ends half a step
 * beyond its depth. depths: as the server tells them, of these rows and their neighbours.
 */
export function chunkOf({ start: from, top, bottom, continued = [], gap }, start, count, step) {
  const stretches = top.map((depth, k) => ({ row: from + k, top: depth, bottom: bottom[k] })).concat(continued);
  stretches.sort((a, b) => a.top - b.top);
  const isNear = (above, below) => above && below && below.top - above.bottom <= gap;
  const edges = { top: [], bottom: [] };
  const first = new Int32Array(count + 1);
  stretches.forEach((stretch, k) => {
    if (stretch.row < start || stretch.row >= start + count) return;
    const [above, below] = [stretches[k - 1], stretches[k + 1]];
    edges.top.push(isNear(above, stretch) ? (above.bottom + stretch.top) / 2 : stretch.top - step / 2);
    edges.bottom.push(isNear(stretch, below) ? (stretch.bottom + below.top) / 2 : stretch.bottom + step / 2);
    first[stretch.row - start + 1] = edges.top.length;
  });
  return { start, count, first, top: Float64Array.from(edges.top), bottom: Float64Array.from(edges.bottom) };
}
