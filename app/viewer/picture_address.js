// The addresses of pictures and numbers of a depth range.

import { spanOf, stepOf } from "./depth_window.js";
import { plainNumber } from "./format.js";
import { urlOf } from "./api.js";

export const ROWS_AT_MOST = 20_000; // the server's limit for rows as they are
const HEIGHT_WHEN_LONGER = 4000;

/** How values become colours. normalize: "static" or "dynamic". */
export function styleParameters({ colour, tracks }, normalize) {
  const isDynamic = normalize === "dynamic";
  return {
    colormap: colour.name,
    rescale: isDynamic ? null : colour.range?.join(","),
    invert: colour.invert ? "true" : null,
    normalize: isDynamic ? "dynamic" : null,
    window: isDynamic ? tracks.window : null,
  };
}

/** A picture of exactly this range, row for row where the server allows that. */
export function pictureUrl(state, window, normalize) {
  const isLong = rowsIn(state.image, window) > ROWS_AT_MOST;
  return urlOf("/frames/image", {
    ...rangeParameters(state.image, window),
    height: isLong ? HEIGHT_WHEN_LONGER : null,
    ...styleParameters(state, normalize),
  });
}

/** The numbers of the range. format: "csv", "npy" or nothing for JSON. */
export const numbersUrl = (image, window, format) => urlOf("/frames", { ...rangeParameters(image, window), format });

export const thumbnailUrl = (image, height, colour) =>
  urlOf("/frames/image", {
    image_id: image.image_id, width: 40, height: Math.min(height, image.rows), colormap: colour, v: image.version,
  });

/** At most; gaps in depth make it fewer. */
export const rowsIn = (image, window) => Math.min(spanOf(window) / stepOf(image) + 1, image.rows);

const rangeParameters = (image, window) => ({
  image_id: image.image_id,
  depth_min: plainNumber(window.min),
  depth_max: plainNumber(window.max),
});
