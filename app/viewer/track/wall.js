// The wall of one image as layers of tiles: which tiles a view needs, and what to draw until they are here.

import { urlOf } from "../api.js";
import { spanOf, stepOf } from "../depth_window.js";
import { styleParameters } from "../picture_address.js";
import { DepthIndex } from "./depths.js";
import { coarsestLevel, levelFor, tilesOf } from "./levels.js";
import { segmentsOf } from "./segments.js";
import { Tiles } from "./tiles.js";

const BASE_ROWS = 512; // at least, of the whole well: what the strip beside the track can show
const MARGIN = 0.5; // screens fetched above and below

export class Wall {
  #segments = new Map(); // "level/index" → segments
  #base = []; // the whole well, always wanted
  #addresses = new Map();
  depths = null;

  constructor(api, onChange) {
    this.api = api;
    this.onChange = onChange;
    this.tiles = new Tiles(api, onChange);
  }

  show(image) {
    if (this.image === image) return;
    this.depths?.close();
    this.image = image;
    this.depths = new DepthIndex(this.api, image, this.onChange);
    this.#segments.clear();
    const level = image.level_rows.findLastIndex((rows, k) => k === 0 || rows >= BASE_ROWS);
    this.#base = tilesOf(image, level, { first: 0, last: image.level_rows[level] - 1 });
  }

  /** What the panes shall show: requests all tiles of these views, and of the whole well in the static colours. */
  want(state, normalizations, pixels) {
    const near = this.#view(state.window, pixels, 0);
    const around = this.#view(state.window, pixels, MARGIN);
    const seen = new Set();
    this.tiles.want(
      [
        ...normalizations.flatMap((normalize) => near.tiles.map((tile) => [normalize, tile])),
        ...["static", ...normalizations].flatMap((normalize) => this.#base.map((tile) => [normalize, tile])),
        ...normalizations.flatMap((normalize) => around.tiles.map((tile) => [normalize, tile])),
      ]
        .map(([normalize, tile]) => this.#request(state, normalize, tile))
        .filter(({ url }) => !seen.has(url) && seen.add(url)),
    );
  }

  /** Layers for the painter, coarse ones first where fine ones are not here yet; `isWhole` once all are right. */
  layers(state, normalize, pixels) {
    const view = this.#view(state.window, pixels, 0);
    const layers = [];
    const right = this.#layersOf(state, normalize, view.tiles);
    const isWhole = view.isKnown && right.length === view.tiles.length && right.every(({ isRight }) => isRight);
    if (!isWhole) {
      for (let level = coarsestLevel(this.image); level > view.level; level -= 1) {
        layers.push(...this.#layersOf(state, normalize, this.#tilesAt(level, state.window, 0)));
      }
      if (view.level > 0) layers.push(...this.#layersOf(state, normalize, this.#tilesAt(view.level - 1, state.window, 0)));
    }
    return { layers: [...layers, ...right], isWhole, level: view.level };
  }

  /** Layers of the whole well from the tiles that are always here. */
  wholeLayers(state) {
    return this.#layersOf(state, "static", this.#base);
  }

  #view(window, pixels, margin) {
    const rows = spanOf(window) / stepOf(this.image);
    const level = levelFor(this.image, rows, pixels);
    const range = this.depths.rowsIn(level, grown(window, margin));
    return { level, isKnown: this.depths.chunk(coarsestLevel(this.image), 0) !== undefined, tiles: range ? tilesOf(this.image, level, range) : [] };
  }

  #tilesAt(level, window, margin) {
    const range = this.depths.rowsIn(level, grown(window, margin));
    return range ? tilesOf(this.image, level, range) : [];
  }

  #layersOf(state, normalize, tiles) {
    return tiles.flatMap((tile) => {
      const { url, place } = this.#request(state, normalize, tile);
      const exact = this.tiles.get(url);
      const found = exact ?? this.tiles.latest(place); // in other colours, until the right ones come
      const segments = found && this.#segmentsOf(tile);
      return segments ? [{ bitmap: found.bitmap, segments, isRight: found === exact }] : [];
    });
  }

  #segmentsOf({ level, index }) {
    const key = `${level}/${index}`;
    if (!this.#segments.has(key)) {
      const first = index * this.image.tile_rows;
      const chunk = this.depths.chunk(level, first);
      if (!chunk) return null;
      this.#segments.set(key, segmentsOf(chunk, first, Math.min(this.image.tile_rows, this.image.level_rows[level] - first)));
    }
    return this.#segments.get(key);
  }

  #request(state, normalize, { level, index }) {
    const { before, after } = this.#addressOf(state, normalize);
    const id = this.image.image_id;
    return { url: `${before}${level}/${index}.png${after}`, place: `${id}/${normalize}/${level}/${index}`, level, index };
  }

  /** Made once a style: it is asked for a hundred times a frame. */
  #addressOf(state, normalize) {
    const { image, colour, tracks } = state;
    const known = this.#addresses.get(normalize);
    if (known && known.image === image && known.colour === colour && known.tracks === tracks) return known;
    const url = urlOf(`/images/${image.image_id}/tiles/`, { ...styleParameters(state, normalize), v: image.version });
    const mark = url.indexOf("?");
    const made = { image, colour, tracks, before: url.slice(0, mark), after: url.slice(mark) };
    this.#addresses.set(normalize, made);
    return made;
  }
}

const grown = ({ min, max }, margin) => ({ min: min - (max - min) * margin, max: max + (max - min) * margin });
