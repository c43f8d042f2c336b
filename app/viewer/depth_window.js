// The depth window {min, max} on screen, as arithmetic. A window is never changed in place.

const ROWS_AT_LEAST = 4;

/** The depth from one row to the next, whatever the image says of itself. */
export function stepOf(image) {
  return image.step || (image.depth_max - image.depth_min) / Math.max(image.rows - 1, 1) || 1;
}

export const spanOf = (window) => window.max - window.min;

/** A row covers half a step above and below its depth, so the outermost rows can be seen whole. */
function limitsOf(image) {
  const half = stepOf(image) / 2;
  return { min: image.depth_min - half, max: image.depth_max + half };
}

export function wholeWell(image) {
  return image.depth_max > image.depth_min ? { min: image.depth_min, max: image.depth_max } : limitsOf(image);
}

export const pan = (window, depth) => ({ min: window.min + depth, max: window.max + depth });

/** Zoomed so that `anchor` stays where it is; a factor below 1 zooms in. */
export function zoom(window, factor, anchor) {
  return { min: anchor - (anchor - window.min) * factor, max: anchor + (window.max - anchor) * factor };
}

/** The window a gesture may really reach: moved inside the image, neither too tall nor too small, rounded. */
export function settled(window, image) {
  const limits = limitsOf(image);
  const least = Math.min(ROWS_AT_LEAST * stepOf(image), spanOf(limits));
  if (spanOf(window) >= spanOf(wholeWell(image))) return wholeWell(image);
  const span = Math.max(spanOf(window), least);
  const middle = (window.min + window.max) / 2;
  const min = Math.min(Math.max(middle - span / 2, limits.min), limits.max - span);
  return rounded({ min, max: min + span });
}

/** Typed or from an address: kept to the digit, cut to the image; null if it shows none of the image. */
export function cut(window, image) {
  const limits = limitsOf(image);
  const result = { min: Math.max(window.min, limits.min), max: Math.min(window.max, limits.max) };
  return result.max > result.min ? result : null;
}

/** As many decimals as a screen can show. The address then holds exactly what is drawn. */
function rounded({ min, max }) {
  const decimals = Math.min(Math.max(Math.ceil(4 - Math.log10(max - min)), 0), 6);
  return { min: Number(min.toFixed(decimals)), max: Number(max.toFixed(decimals)) };
}
