// Draws pictures on a canvas whose height shows a depth window.

const PIXELATED_FROM = 3; // device pixels per picture row
const hatches = new WeakMap();

/** Fits the canvas to its box in device pixels; returns whether that changed it. */
export function fitCanvas(canvas) {
  const width = Math.max(1, Math.round(canvas.clientWidth * devicePixelRatio));
  const height = Math.max(1, Math.round(canvas.clientHeight * devicePixelRatio));
  if (canvas.width === width && canvas.height === height) return false;
  canvas.width = width;
  canvas.height = height;
  return true;
}

/** Draws the layers, last on top. Nulls show a hatch, never the layer below nor a colour of the map. */
export function paint(canvas, window, layers) {
  const context = canvas.getContext("2d");
  context.clearRect(0, 0, canvas.width, canvas.height);
  const scale = canvas.height / (window.max - window.min);
  for (const picture of layers) {
    const top = Math.max(Math.round((picture.min - window.min) * scale), 0);
    const bottom = Math.min(Math.round((picture.max - window.min) * scale), canvas.height);
    if (bottom <= top) continue;
    context.save();
    context.beginPath();
    context.rect(0, top, canvas.width, bottom - top);
    context.clip();
    context.clearRect(0, top, canvas.width, bottom - top);
    context.fillStyle = hatch(canvas, context);
    context.fillRect(0, top, canvas.width, bottom - top);
    if (picture.bitmap) drawRows(context, picture, window, scale);
    context.restore();
  }
}

/** Only the rows in sight: a canvas loses precision when asked to scale a picture a thousandfold. */
function drawRows(context, { bitmap, min, max }, window, scale) {
  const rowDepth = (max - min) / bitmap.height;
  const first = Math.max(Math.floor((window.min - min) / rowDepth) - 1, 0);
  const last = Math.min(Math.ceil((window.max - min) / rowDepth) + 1, bitmap.height);
  if (last <= first) return;
  const top = (min + first * rowDepth - window.min) * scale;
  context.imageSmoothingEnabled = rowDepth * scale < PIXELATED_FROM;
  context.imageSmoothingQuality = "high";
  context.drawImage(
    bitmap, 0, first, bitmap.width, last - first,
    0, top, context.canvas.width, (last - first) * rowDepth * scale,
  );
}

function hatch(canvas, context) {
  const { color, backgroundColor } = getComputedStyle(canvas);
  const key = `${color} ${backgroundColor} ${devicePixelRatio}`;
  const known = hatches.get(canvas);
  if (known?.key === key) return known.pattern;
  const size = Math.round(8 * devicePixelRatio);
  const tile = new OffscreenCanvas(size, size);
  const pen = tile.getContext("2d");
  pen.fillStyle = backgroundColor;
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
