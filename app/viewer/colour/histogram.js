// How often each value occurs in the image, each in its colour: the legend and the distribution in one.

import { percentText } from "../format.js";
import { fitCanvas } from "../track/painter.js";

const LEGEND_PX = 10;
const MOST = 0.98; // of the columns; what is higher than the others by more than FAR is cut off:
const FAR = 1.6; // a single frequent value (a pad edge, a saturation) must not flatten the rest
const TAIL_PX = 3; // the bars at the ends: all that lies beyond
const BEYOND = 0.15; // of the range's width, shown on each side of it

/** The values from the left to the right end: the colour range and the image's own, with a little more. */
export function extentOf({ statistics, display_range: own }, range) {
  const [low, high] = range ?? own;
  const [from, to] = [Math.min(low, own[0]), Math.max(high, own[1])];
  const beyond = (to - from) * BEYOND;
  const { minimum, maximum } = statistics;
  const least = minimum === null ? from : Math.min(Math.max(minimum, from - beyond), from);
  const most = maximum === null ? to : Math.max(Math.min(maximum, to + beyond), to);
  return { min: least, max: most };
}

/** colors: [[r, g, b], …] from low to high. A range that is inverted has them turned around already. */
export function drawHistogram(canvas, statistics, extent, [low, high], colors) {
  fitCanvas(canvas);
  const { width, height } = canvas;
  const context = canvas.getContext("2d");
  context.clearRect(0, 0, width, height);
  const legend = Math.round(LEGEND_PX * devicePixelRatio);
  const { counts, below, above, total } = resampled(statistics, extent, width);
  const top = heightOf(counts);
  const tail = Math.round(TAIL_PX * devicePixelRatio);
  if (below) counts.fill(below, 0, tail);
  if (above) counts.fill(above, width - tail);
  canvas.title = below || above ? `${percentText(below / total)} of the values lie below, ${percentText(above / total)} above` : "";
  for (let x = 0; x < width; x += 1) {
    const value = extent.min + ((x + 0.5) / width) * (extent.max - extent.min);
    const share = Math.min(Math.max((value - low) / (high - low), 0), 1);
    context.fillStyle = `rgb(${colors[Math.round(share * (colors.length - 1))].join()})`;
    const bar = Math.min(counts[x] / top, 1) * (height - legend - 2);
    context.fillRect(x, height - legend - 2 - bar, 1, bar);
    context.fillRect(x, height - legend, 1, legend);
  }
}

/** The count that is drawn as high as there is room. */
function heightOf(counts) {
  const sorted = counts.filter((count) => count > 0).sort((a, b) => a - b);
  const usual = sorted[Math.floor((sorted.length - 1) * MOST)] || 1;
  return Math.min(sorted.at(-1) ?? 1, usual * FAR);
}

/** The counts spread over equal columns of the extent, and how many values lie outside of it. */
function resampled(statistics, extent, columns) {
  const { histogram, histogram_edges: [low, high], histogram_below: beneath, histogram_above: over } = statistics;
  const bin = (high - low) / histogram.length || 1;
  const upTo = [beneath]; // the values up to each edge of a bin
  for (const count of histogram) upTo.push(upTo.at(-1) + count);
  const total = upTo.at(-1) + over;
  const column = (extent.max - extent.min) / columns;
  const before = (value) => {
    const place = Math.min(Math.max((value - low) / bin, 0), histogram.length);
    const edge = Math.floor(place);
    return upTo[edge] + (place - edge) * ((upTo[edge + 1] ?? upTo[edge]) - upTo[edge]);
  };
  const sums = Array.from({ length: columns + 1 }, (_, k) => before(extent.min + column * k));
  return {
    counts: sums.slice(1).map((sum, k) => sum - sums[k]),
    below: sums[0],
    above: total - sums[columns],
    total,
  };
}
