// Mouse, pen, fingers and wheel on a picture, told as "pan by so many pixels", "zoom about this pixel" and drags.

const WHEEL_LINE_PX = 16;
const WHEEL_ZOOM = 0.0015; // per pixel of wheel travel: a notch of 100 is 16 %

/**
 * actions: {pan(pixels), zoom(factor, y), hover({x, y} | null), begin({x, y}, event)}; x and y in pixels from the
 * box's corner. begin returns what a drag does, {move(point), end(point), cancel()}, or null where it pans.
 */
export function attachGestures(box, actions) {
  const pointers = new Map();
  let drag = null;
  const at = (event) => {
    const frame = box.getBoundingClientRect();
    return { x: event.clientX - frame.left, y: event.clientY - frame.top };
  };

  box.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    actions.hover(at(event));
    box.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, at(event));
    drag?.cancel(); // a second finger: this becomes a pinch
    drag = pointers.size === 1 ? actions.begin(at(event), event) : null;
    box.classList.toggle("dragging", !drag);
  });

  box.addEventListener("pointermove", (event) => {
    const point = at(event);
    actions.hover(point);
    if (!pointers.has(event.pointerId)) return;
    const before = spread(pointers);
    pointers.set(event.pointerId, point);
    if (drag) {
      drag.move(point);
      return;
    }
    const after = spread(pointers);
    if (after.y !== before.y) actions.pan(before.y - after.y);
    if (before.size > 0 && after.size > 0) actions.zoom(before.size / after.size, after.y);
  });

  const release = (event) => {
    if (pointers.delete(event.pointerId) && drag) {
      if (event.type === "pointerup") drag.end(at(event));
      else drag.cancel();
      drag = null;
    }
    if (!pointers.size) box.classList.remove("dragging");
  };
  box.addEventListener("pointerup", release);
  box.addEventListener("pointercancel", release);
  box.addEventListener("pointerleave", (event) => {
    if (event.pointerType !== "touch") actions.hover(null); // what a finger pointed at stays to be read
  });

  box.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      const unit = [1, WHEEL_LINE_PX, box.clientHeight][event.deltaMode];
      if (event.ctrlKey || event.metaKey) actions.zoom(Math.exp(event.deltaY * unit * WHEEL_ZOOM), at(event).y);
      else actions.pan((event.deltaY || event.deltaX) * unit);
    },
    { passive: false },
  );
}

/** The middle of the pointers and how far apart two of them are (0 for one). */
function spread(pointers) {
  const [a, b] = [...pointers.values()];
  return b ? { y: (a.y + b.y) / 2, size: Math.hypot(a.x - b.x, a.y - b.y) } : { y: a.y, size: 0 };
}
