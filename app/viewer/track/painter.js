// Draws tiles on a canvas whose height shows a depth window and whose width the way around the hole.

const PIXELATED_FROM = 3; // device pixels per row of the tile
const hatches = new WeakMap();

/** Fits the canvas to its box in device pixels. */
export function fitCanvas(canvas) {
  const width = Math.max(1, Math.round(canvas.clientWidth * devicePixelRatio));
  const height = Math.max(1, Math.round(canvas.clientHeight * devicePixelRatio));
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
}

/**
 * Draws the layers, last on top; where there are none the page shows through.
 * layers: [{bitmap, segments}]. turned: the share of the way around that lies left of the left edge, 0 to 1.
 */
export function paint(canvas, window, layers, turned = 0) {
  const context = canvas.getContext("2d");
  context.clearRect(0, 0, canvas.width, canvas.height);
  const scale = canvas.height / (window.max - window.min);
  const y = (depth) => Math.round((depth - window.min) * scale);
  context.fillStyle = hatch(canvas, context); // nulls are transparent: they show this, and not the layer below
  for (const { bitmap, segments } of layers) {
    for (const segment of segments) {
      if (segment.bottom < window.min || segment.top > window.max) continue;
      const top = Math.max(y(segment.top), 0);
      const height = Math.min(Math.max(y(segment.bottom), top + 1), canvas.height) - top;
      context.clearRect(0, top, canvas.width, height);
      context.fillRect(0, top, canvas.width, height);
      drawRows(context, bitmap, segment, window, scale, turned);
    }
  }
}

/** Only the rows in sight: a canvas loses precision when asked to scale a picture a thousandfold. */
function drawRows(context, bitmap, segment, window, scale, turned) {
  const { width } = context.canvas;
  const height = (segment.bottom - segment.top) / segment.rows;
  const first = Math.max(Math.floor((window.min - segment.top) / height), 0);
  const last = Math.min(Math.ceil((window.max - segment.top) / height), segment.rows);
  if (last <= first) return;
  const y = (row) => Math.round((segment.top + row * height - window.min) * scale);
  const [top, bottom] = [y(first), Math.max(y(last), y(first) + 1)];
  context.imageSmoothingEnabled = height * scale < PIXELATED_FROM;
  context.imageSmoothingQuality = "medium";
  const split = Math.round(turned * bitmap.width) % bitmap.width; // columns left of it come last
  const place = (column) => Math.round((column / bitmap.width) * width);
  for (const [from, to, at] of [[split, bitmap.width, 0], [0, split, bitmap.width - split]]) {
    if (to <= from) continue;
    const left = place(at);
    context.drawImage(
      bitmap, from, segment.row + first, to - from, last - first,
      left, top, place(at + to - from) - left, bottom - top,
    );
  }
}

function hatch(canvas, context) {
  const { color, borderTopColor: ground } = getComputedStyle(canvas);
  const key = `${color} ${ground} ${devicePixelRatio}`;
  const known = hatches.get(canvas);
  if (known?.key === key) return known.pattern;
  const size = Math.round(8 * devicePixelRatio);
  const tile = new OffscreenCanvas(size, size);
  const pen = tile.getContext("2d");
  pen.fillStyle = ground;
  pen.fillRect(0, 0, size, size);
  pen.strokeStyle = color;
  pen.lineWidth = devicePixelRatio;
  for (const shift of [-size, 0, size]) {
    pen.moveTo(shift, size);
    pen.lineTo(shift + size, 0);
  }
  pen.stroke();
  const pattern = context.createPattern(tile, "repeat");
  hatches.set(canvas, { key, pattern });
  return pattern;
}
