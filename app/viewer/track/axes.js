// The depth axis beside the track and the azimuth header above it.

import { svg } from "../dom.js";
import { ticks } from "../ticks.js";

const AZIMUTHS = [[0, "N"], [90, "E"], [180, "S"], [270, "W"], [360, "N"]];

export function drawDepthAxis(node, window) {
  const { clientWidth: width, clientHeight: height } = node;
  if (!height) return;
  const y = (depth) => Math.round(((depth - window.min) / (window.max - window.min)) * height) + 0.5;
  const { majors, minors, decimals } = ticks(window, height);
  const line = (depth, length, name) =>
    svg("line", { x1: width - length, x2: width, y1: y(depth), y2: y(depth), class: name });
  const label = (depth) => {
    const place = Math.min(Math.max(y(depth), 8), height - 7);
    return svg("text", { x: width - 13, y: place, dy: "0.35em", "text-anchor": "end" }, depth.toFixed(decimals));
  };
  node.replaceChildren(
    ...minors.map((depth) => line(depth, 4, "minor")),
    ...majors.flatMap((depth) => [line(depth, 9, "major"), label(depth)]),
  );
}

export function drawAzimuthHeader(node) {
  const { clientWidth: width, clientHeight: height } = node;
  const marks = AZIMUTHS.flatMap(([degrees, name]) => {
    const x = Math.min(Math.max((degrees / 360) * width, 0.5), width - 0.5);
    const anchor = degrees === 0 ? "start" : degrees === 360 ? "end" : "middle";
    const text = svg("text", { x, y: height - 10, "text-anchor": anchor }, String(degrees));
    text.append(svg("tspan", { class: "compass", dx: 5 }, name));
    return [svg("line", { x1: x, x2: x, y1: height - 5, y2: height }), text];
  });
  node.replaceChildren(...marks);
}
