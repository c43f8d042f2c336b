// A tile as pieces that can each be drawn in one go: rows of one height, with no gap between them.

const UNEVEN = 0.02;

/**
 * [{row, rows, top, bottom}]: `row` counts from the tile's first, top and bottom are depths.
 * chunk: the depths that hold the tile's rows, as DepthIndex gives them.
 */
export function segmentsOf(chunk, firstRow, rows) {
  const segments = [];
  let current = null;
  for (let row = 0; row < rows; row += 1) {
    const i = firstRow - chunk.start + row;
    for (let k = chunk.first[i]; k < chunk.first[i + 1]; k += 1) {
      const [top, bottom] = [chunk.top[k], chunk.bottom[k]];
      const isNext = k === chunk.first[i] && current && touches(current, top, bottom - top);
      if (isNext) {
        current.rows += 1;
        current.bottom = bottom;
      } else {
        current = { row, rows: 1, top, bottom, height: bottom - top };
        segments.push(current);
      }
    }
  }
  return segments;
}

const touches = ({ bottom, height }, top, nextHeight) =>
  Math.abs(top - bottom) < height * UNEVEN && Math.abs(nextHeight - height) < height * UNEVEN;
