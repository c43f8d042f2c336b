// The depth scale of the log: what it is, and a choice of the customary ones.

import { byId, element } from "./dom.js";
import { spanOf } from "./depth_window.js";
import { countText } from "./format.js";
import { metresPer, scaleOf, spanAt, trueSpan } from "./units.js";

const SCALES = [1, 5, 10, 20, 40, 100, 200, 500, 1000, 5000];
const SAME = 0.01;

/** diameter(): of the hole, in the image's depth unit. */
export function attachScale(store, track, diameter) {
  const select = byId("scale");
  const present = element("option", { value: "present" });
  const trueShape = element("option", { value: "true" }, "true shape");
  trueShape.title = "The unrolled wall as high as it is wide, for the hole’s diameter";
  select.append(present, ...SCALES.map((scale) => element("option", { value: scale }, `1:${scale}`)), trueShape);

  select.addEventListener("change", () => {
    const { image } = store.state;
    const { height } = track.size;
    if (select.value === "true") track.showSpan(trueSpan(image, diameter() * metresPer(image), track.size));
    else if (select.value !== "present") track.showSpan(spanAt(image, Number(select.value), height));
  });

  track.onDraw((_, { image, window }) => {
    const scale = scaleOf(image, spanOf(window), track.size.height);
    select.title = `Depth on the screen to depth in the well${image.depth_unit ? "" : "; the file states no unit, it is taken to be metres"}`;
    const text = `1:${scale < 10 ? Number(scale.toPrecision(2)) : countText(Number(scale.toPrecision(3)))}`;
    if (present.textContent !== text) present.textContent = text;
    const known = SCALES.find((candidate) => Math.abs(candidate - scale) < candidate * SAME);
    const value = String(known ?? "present");
    if (select.value !== value) select.value = value;
    present.hidden = known !== undefined;
  });
}
