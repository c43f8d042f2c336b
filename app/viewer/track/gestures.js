// Mouse, pen, fingers and wheel on the track, told as "pan by so many pixels" and "zoom about this pixel".

const WHEEL_LINE_PX = 16;
const WHEEL_ZOOM = 0.0015; // per pixel of wheel travel: a notch of 100 is 16 %

/** actions: {pan(pixels, gesture), zoom(factor, y), hover({x, y} | null)}; x and y in pixels from the box's corner. */
export function attachGestures(box, actions) {
  const pointers = new Map();
  const at = (event) => {
    const frame = box.getBoundingClientRect();
    return { x: event.clientX - frame.left, y: event.clientY - frame.top };
  };

  box.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    box.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, at(event));
    box.classList.add("dragging");
  });

  box.addEventListener("pointermove", (event) => {
    const point = at(event);
    if (pointers.has(event.pointerId)) {
      const before = spread(pointers);
      pointers.set(event.pointerId, point);
      const after = spread(pointers);
      if (after.y !== before.y) actions.pan(before.y - after.y);
      if (before.size > 0 && after.size > 0) actions.zoom(before.size / after.size, after.y);
    }
    actions.hover(point);
  });

  const release = (event) => {
    pointers.delete(event.pointerId);
    if (!pointers.size) box.classList.remove("dragging");
  };
  box.addEventListener("pointerup", release);
  box.addEventListener("pointercancel", release);
  box.addEventListener("pointerleave", () => actions.hover(null));

  box.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      const unit = [1, WHEEL_LINE_PX, box.clientHeight][event.deltaMode];
      if (event.ctrlKey || event.metaKey) actions.zoom(Math.exp(event.deltaY * unit * WHEEL_ZOOM), at(event).y);
      else actions.pan(event.deltaY * unit);
    },
    { passive: false },
  );
}

/** The middle of the pointers and how far apart two of them are (0 for one). */
function spread(pointers) {
  const [a, b] = [...pointers.values()];
  return b ? { y: (a.y + b.y) / 2, size: Math.hypot(a.x - b.x, a.y - b.y) } : { y: a.y, size: 0 };
}
