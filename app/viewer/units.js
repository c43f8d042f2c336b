// Depth units, the scale of the log, and the hole.

const METRES = { m: 1, ft: 0.3048 };
const METRES_PER_PIXEL = 0.0254 / 96; // a CSS pixel
export const METRES_PER_INCH = 0.0254;

/** Metres of one depth unit; an image that does not state its unit is taken to be in metres. */
export const metresPer = (image) => METRES[image.depth_unit] ?? 1;

/** N of the depth scale 1:N that shows `span` of depth on `pixels`. */
export const scaleOf = (image, span, pixels) => (span * metresPer(image)) / (pixels * METRES_PER_PIXEL);

/** The span of depth that `pixels` show at 1:N. */
export const spanAt = (image, scale, pixels) => (scale * pixels * METRES_PER_PIXEL) / metresPer(image);

/** The span of depth at which the unrolled wall of a hole has its true shape. diameter: metres. */
export const trueSpan = (image, diameter, { width, height }) =>
  (Math.PI * diameter * (height / width)) / metresPer(image);
