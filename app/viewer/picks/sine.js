// The sine that a plane cuts into an unrolled hole: depth + amplitude · cos(azimuth − dip direction).

const DEGREES = 180 / Math.PI;
const POINTS = 72;

export const cosine = (degrees) => Math.cos(degrees / DEGREES);

/** The depth of the sine at an azimuth; deepest at pick.azimuth, the dip direction. */
export const depthAt = (pick, azimuth) => pick.depth + pick.amplitude * cosine(azimuth - pick.azimuth);

/** Degrees from the horizontal. amplitude and diameter in one unit; tan dip = peak to trough over diameter. */
export const dipOf = (amplitude, diameter) => Math.atan2(2 * amplitude, diameter) * DEGREES;

/** A drag from the sine's middle depth down to its lowest point, or up to its highest. */
export function sineFrom(start, end) {
  const amplitude = end.depth - start.depth;
  return {
    depth: start.depth,
    amplitude: Math.abs(amplitude),
    azimuth: amplitude >= 0 ? end.azimuth : (end.azimuth + 180) % 360,
  };
}

/** Points {x, y} from the left to the right edge of a box. rotation: the azimuth at the left edge. */
export function pointsOf(pick, { window, rotation }, { width, height }) {
  const scale = height / (window.max - window.min);
  return Array.from({ length: POINTS + 1 }, (_, k) => {
    const share = k / POINTS;
    return { x: share * width, y: (depthAt(pick, rotation + share * 360) - window.min) * scale };
  });
}
