// The figures of the image on screen.

import { byId, element } from "./dom.js";
import { countText, percentText, plainNumber, valueText, withUnit } from "./format.js";

export function showFacts({ statistics, ...image }) {
  const facts = [
    ["Rows", countText(image.rows)],
    ["Step", image.step ? withUnit(plainNumber(image.step, 4), image.depth_unit) : "–"],
    ["Unit", image.depth_unit ?? "not stated (as m)"],
  ];
  if (statistics && statistics.minimum !== null) {
    facts.push(
      ["Values", `${valueText(statistics.minimum)} – ${valueText(statistics.maximum)}`],
      ["Mean", valueText(statistics.mean)],
      ["Std. deviation", valueText(statistics.standard_deviation)],
      ["Nulls", percentText(statistics.null_fraction)],
    );
    if (statistics.variance_ratio) facts.push(["Variance kept", percentText(statistics.variance_ratio)]);
  }
  byId("facts").replaceChildren(
    ...facts.flatMap(([name, text]) => [element("dt", {}, name), element("dd", {}, text)]),
  );
}
