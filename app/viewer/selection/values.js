// The values of a depth range as numbers.

import { numbersUrl, ROWS_AT_MOST, rowsIn } from "../picture_address.js";
import { countText } from "../format.js";

/** {rows, values: float32, NaN where null}. Throws an ApiError; more rows than an answer holds are a problem, too. */
export async function frameValues(api, image, window, signal) {
  if (rowsIn(image, window) > ROWS_AT_MOST * 1.001) {
    return { problem: `for at most ${countText(ROWS_AT_MOST)} rows` };
  }
  try {
    const { shape, values } = parseNpy(await api.bytes(numbersUrl(image, window, "npy"), signal));
    return { rows: shape[0], values };
  } catch (error) {
    if (error.code !== "depth_range_empty") throw error;
    return { rows: 0, values: new Float32Array() };
  }
}

/** A NumPy file of little-endian float32 in C order. */
export function parseNpy(buffer) {
  const view = new DataView(buffer);
  const isFirstVersion = view.getUint8(6) === 1;
  const start = isFirstVersion ? 10 : 12;
  const length = isFirstVersion ? view.getUint16(8, true) : view.getUint32(8, true);
  const header = new TextDecoder("latin1").decode(new Uint8Array(buffer, start, length));
  if (!header.includes("'<f4'")) throw new Error(`values of another type: ${header}`);
  const shape = /\(([^)]*)\)/.exec(header)[1].split(",").filter((part) => part.trim()).map(Number);
  return { shape, values: new Float32Array(buffer.slice(start + length)) };
}
