// Numbers as text. Depths are never grouped by thousands: they are read beside a log.

/** At most `decimals` decimals, no trailing zeros: what goes into fields and addresses. */
export const plainNumber = (value, decimals = 6) => String(Number(value.toFixed(decimals)));

export const countText = (count) => count.toLocaleString("en");

/** Decimals that tell two rows `step` apart: 0.1 → 1, 0.1524 → 4 at most. */
function decimalsOf(step) {
  for (let decimals = 0; decimals < 4; decimals += 1) {
    if (Math.abs(step - Number(step.toFixed(decimals))) < step * 1e-3) return decimals;
  }
  return 4;
}

/** Decimals that tell the image's rows apart, and its first depth as it is written. */
export function depthDecimals(image) {
  const written = plainNumber(image.depth_min, 4).split(".")[1] ?? "";
  return Math.max(decimalsOf(image.step || 1), written.length);
}

export const withUnit = (text, unit) => (unit ? `${text} ${unit}` : text);

/** The file's name, and which of its images this is where it holds several. */
export const titleOf = ({ name, channel }) => (channel ? `${name} · ${channel}` : name);

export function depthRangeText(image) {
  const range = `${plainNumber(image.depth_min, 4)} – ${plainNumber(image.depth_max, 4)}`;
  return withUnit(range, image.depth_unit);
}

/** A pixel's value to five significant digits. */
export const valueText = (value) => String(Number(value.toPrecision(5)));

export const percentText = (fraction) => `${Number((fraction * 100).toPrecision(2))} %`;

/** A number typed by a person, with a decimal point or comma; null where it is none. */
export function parseNumber(text) {
  const trimmed = text.trim().replace(",", ".");
  const value = Number(trimmed);
  return trimmed !== "" && Number.isFinite(value) ? value : null;
}
