// The addresses of pictures and numbers of a depth range.

import { spanOf, stepOf } from "./depth_window.js";
import { plainNumber } from "./format.js";
import { urlOf } from "./api.js";

const PIXELS_AT_MOST = 8192; // the server's limit for a side of a picture
export const ROWS_AT_MOST = 20_000; // the server's limit for rows as they are

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

/** What the screen shows of a range: its depths in proportion, turned as it is. size: {width, height} in pixels. */
export function pictureUrl(state, range, normalize, size) {
  return urlOf("/frames/image", {
    ...rangeParameters(state.image, range),
    axis: "depth",
    width: Math.min(size.width, PIXELS_AT_MOST),
    height: Math.min(size.height, PIXELS_AT_MOST),
    azimuth_offset: state.rotation || null,
    ...styleParameters(state, normalize),
    format: "png",
  });
}

/** The numbers of the range. format: "csv", "npy" or nothing for JSON. */
export const numbersUrl = (image, window, format) => urlOf("/frames", { ...rangeParameters(image, window), format });

export const thumbnailUrl = (image, height, colour) =>
  urlOf("/frames/image", {
    image_id: image.image_id, format: "png", width: 40, height: Math.min(height, image.rows), colormap: colour, v: image.version,
  });

/** At most; gaps in depth make it fewer. */
export const rowsIn = (image, window) => Math.min(spanOf(window) / stepOf(image) + 1, image.rows);

const rangeParameters = (image, window) => ({
  image_id: image.image_id,
  depth_min: plainNumber(window.min),
  depth_max: plainNumber(window.max),
});
