// Round steps of 1, 2 or 5 × 10ⁿ.

const ROUND = [1, 2, 5, 10];

/** The smallest round step of at least `least`. */
function roundStep(least, series = ROUND) {
  const power = 10 ** Math.floor(Math.log10(least));
  const step = series.find((factor) => factor * power >= least * (1 - 1e-9)) ?? 10;
  return step * power;
}

/**
 * Tick depths for a window of `pixels` on screen, labels at least `spacing` pixels apart.
 * Multiples of the step are computed, not summed, so that 0.1 never becomes 0.30000000000000004.
 */
export function ticks({ min, max }, pixels, spacing = 56) {
  const major = roundStep(((max - min) / pixels) * spacing);
  const leading = Math.round(major / 10 ** Math.floor(Math.log10(major) + 1e-9));
  const minor = leading === 2 ? major / 4 : major / 5;
  const decimals = Math.max(0, -Math.floor(Math.log10(major) + 1e-9));
  return { majors: multiples(min, max, major), minors: multiples(min, max, minor), decimals };
}

function multiples(min, max, step) {
  const depths = [];
  for (let k = Math.ceil(min / step - 1e-9); k * step <= max + step * 1e-9; k += 1) depths.push(k * step);
  return depths;
}
