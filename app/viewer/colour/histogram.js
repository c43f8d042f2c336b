// How often each value occurs in the image, each in its colour: the legend and the distribution in one.

import { fitCanvas } from "../track/painter.js";

const LEGEND_PX = 10;
const CLIPPED_AT = 0.98; // a single frequent value (a pad edge, a saturation) must not flatten the rest
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
  const counts = statistics.minimum === null ? new Array(width).fill(0) : resampled(statistics, extent, width);
  const sorted = counts.filter((count) => count > 0).sort((a, b) => a - b);
  const top = sorted[Math.floor((sorted.length - 1) * CLIPPED_AT)] || 1;
  for (let x = 0; x < width; x += 1) {
    const value = extent.min + ((x + 0.5) / width) * (extent.max - extent.min);
    const share = Math.min(Math.max((value - low) / (high - low), 0), 1);
    context.fillStyle = `rgb(${colors[Math.round(share * (colors.length - 1))].join()})`;
    const bar = Math.min(counts[x] / top, 1) * (height - legend - 2);
    context.fillRect(x, height - legend - 2 - bar, 1, bar);
    context.fillRect(x, height - legend, 1, legend);
  }
}

/** The counts spread over equal columns of the extent. */
function resampled({ histogram, minimum, maximum }, extent, columns) {
  const bin = (maximum - minimum) / histogram.length || 1;
  const column = (extent.max - extent.min) / columns;
  return Array.from({ length: columns }, (_, k) => {
    const from = (extent.min + column * k - minimum) / bin;
    const to = from + column / bin;
    let sum = 0;
    for (let i = Math.max(Math.floor(from), 0); i < Math.min(to, histogram.length); i += 1) {
      sum += histogram[i] * Math.max(Math.min(to, i + 1) - Math.max(from, i), 0);
    }
    return sum;
  });
}
