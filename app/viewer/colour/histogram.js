// How often each value occurs, over the colour range, so that it lines up with the legend below it.

import { svg } from "./dom.js";

const COLUMNS = 100;
const CLIPPED_AT = 0.98; // a single frequent value (a pad edge, a saturation) must not flatten the rest

/** statistics of the whole image: `histogram` counts in bins of equal width from `minimum` to `maximum`. */
export function drawHistogram(node, statistics, low, high) {
  node.setAttribute("viewBox", `0 0 ${COLUMNS} 100`);
  node.setAttribute("preserveAspectRatio", "none");
  const columns = statistics.minimum === null ? [] : resampled(statistics, low, high);
  const sorted = columns.filter((count) => count > 0).sort((a, b) => a - b);
  const top = sorted[Math.floor((sorted.length - 1) * CLIPPED_AT)];
  if (!top) {
    node.replaceChildren();
    return;
  }
  const steps = columns.map((count, k) => `V${100 - Math.min(count / top, 1) * 100}H${k + 1}`).join("");
  node.replaceChildren(svg("path", { d: `M0 100${steps}V100Z` }));
}

/** The counts spread over equal columns from low to high. */
function resampled({ histogram: counts, minimum: min, maximum: max }, low, high) {
  const bin = (max - min) / counts.length || 1;
  return Array.from({ length: COLUMNS }, (_, k) => {
    const from = (low + ((high - low) * k) / COLUMNS - min) / bin;
    const to = (low + ((high - low) * (k + 1)) / COLUMNS - min) / bin;
    let sum = 0;
    for (let i = Math.max(Math.floor(from), 0); i < Math.min(to, counts.length); i += 1) {
      sum += counts[i] * Math.max(Math.min(to, i + 1) - Math.max(from, i), 0);
    }
    return sum;
  });
}
