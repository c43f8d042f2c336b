// Which picture to ask the server for.

import { spanOf, stepOf } from "./depth_window.js";
import { plainNumber } from "./format.js";
import { roundStep } from "./ticks.js";
import { urlOf } from "./api.js";

const ROWS_WITHOUT_HEIGHT = 20_000; // the server's limit; above it a height must be given
const GRID_SERIES = [1, 1.5, 2, 3, 5, 7.5, 10];
const WORST_RATIO = 5 / 3; // the widest step in the series
const HEIGHT_STEP = 128;

export function colourParameters(colour) {
  return {
    colormap: colour.name,
    rescale: colour.range?.join(","),
    invert: colour.invert ? "true" : null,
  };
}

export function pictureUrl(image, window, height, colour) {
  return urlOf("/frames/image", {
    image_id: image.image_id,
    depth_min: plainNumber(window.min),
    depth_max: plainNumber(window.max),
    height,
    ...colourParameters(colour),
  });
}

/** Exactly what is on screen, row for row where the server allows that. */
export function exactUrl(image, window, colour) {
  const tooMany = rowsIn(image, window) > ROWS_WITHOUT_HEIGHT;
  return pictureUrl(image, window, tooMany ? ROWS_WITHOUT_HEIGHT / 10 : null, colour);
}

/** The picture for a window on `pixels` device pixels: a screen more above and below, ends on a grid. */
export function plannedUrl(image, window, pixels, colour) {
  const planned = snapped(window, image, 1);
  const unit = roundStep(spanOf(window), GRID_SERIES);
  const perDepth = (Math.ceil(pixels / HEIGHT_STEP) * HEIGHT_STEP * WORST_RATIO) / unit;
  const height = Math.ceil(spanOf(planned) * perDepth);
  const needsHeight = rowsIn(image, planned) > height || rowsIn(image, planned) > ROWS_WITHOUT_HEIGHT;
  return pictureUrl(image, planned, needsHeight ? height : null, colour);
}

/** The window grown by `screens` on each side to ends on a grid, so that near views share their URLs. */
export function snapped(window, image, screens) {
  const grid = roundStep(spanOf(window), GRID_SERIES) / 2;
  const margin = spanOf(window) * screens;
  return {
    min: Math.max(Math.floor((window.min - margin) / grid) * grid, image.depth_min),
    max: Math.min(Math.ceil((window.max + margin) / grid) * grid, image.depth_max),
  };
}

export const rowsIn = (image, window) => Math.min(spanOf(window) / stepOf(image) + 1, image.rows);
