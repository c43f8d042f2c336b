// Overview levels and their tiles: a row of level k stands for 4^k rows of the image.

const ROWS_PER_ROW = 4;
const SLACK = 0.3; // a level is good enough while its rows are up to 1.5 pixels high

export const coarsestLevel = (image) => image.level_rows.length - 1;

/** Rows of `level` that one row of the coarsest level stands for. */
export const rowsPerCoarsest = (image, level) => ROWS_PER_ROW ** (coarsestLevel(image) - level);

export const rowsPerRow = (level) => ROWS_PER_ROW ** level;

/** The level to draw so many image rows from, on so many pixels. */
export function levelFor(image, rows, pixels) {
  const level = Math.floor(Math.log(rows / pixels) / Math.log(ROWS_PER_ROW) + SLACK);
  return Math.min(Math.max(level, 0), coarsestLevel(image));
}

/** The tiles that hold rows first to last, those nearest to the middle first. */
export function tilesOf(image, level, { first, last }) {
  const [from, to] = [Math.floor(first / image.tile_rows), Math.floor(last / image.tile_rows)];
  const middle = (first + last) / 2 / image.tile_rows - 0.5;
  return Array.from({ length: to - from + 1 }, (_, k) => ({ level, index: from + k })).sort(
    (a, b) => Math.abs(a.index - middle) - Math.abs(b.index - middle),
  );
}
