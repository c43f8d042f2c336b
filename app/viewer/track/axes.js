// The depth axis beside the track and the azimuth header above it.

import { svg } from "../dom.js";
import { turned } from "../azimuth.js";
import { ticks } from "../ticks.js";

const COMPASS = { 0: "N", 90: "E", 180: "S", 270: "W" };
const NARROW = 230; // pixels; below, the degrees give way to the letters

export function drawDepthAxis(node, window) {
  const { clientWidth: width, clientHeight: height } = node;
  if (!height) return;
  const y = (depth) => Math.round(((depth - window.min) / (window.max - window.min)) * height) + 0.5;
  const { majors, minors, decimals } = ticks(window, height);
  const line = (depth, length, name) =>
    svg("line", { x1: width - length, x2: width, y1: y(depth), y2: y(depth), class: name });
  const label = (depth) => {
    return svg("text", { x: width - 13, y: y(depth), dy: "0.35em", "text-anchor": "end" }, depth.toFixed(decimals));
  };
  node.replaceChildren(
    ...minors.map((depth) => line(depth, 4, "minor")),
    ...majors.flatMap((depth) => [line(depth, 9, "major"), label(depth)]),
  );
}

/** Marks every 90 degrees; the left edge is at azimuth `rotation`. */
export function drawAzimuthHeader(node, rotation) {
  const { clientWidth: width, clientHeight: height } = node;
  const key = `${width} ${height} ${rotation}`;
  if (node.dataset.drawn === key) return;
  node.dataset.drawn = key;
  const first = Math.ceil(rotation / 90) * 90;
  const marks = [];
  for (let degrees = first; degrees <= rotation + 360; degrees += 90) marks.push(degrees);
  node.replaceChildren(...marks.flatMap((degrees) => mark(degrees, rotation, width, height)));
}

function mark(degrees, rotation, width, height) {
  const x = Math.min(Math.max(((degrees - rotation) / 360) * width, 0.5), width - 0.5);
  const anchor = x < 20 ? "start" : x > width - 20 ? "end" : "middle";
  const isFull = rotation === 0 && degrees === 360;
  const text = svg("text", { x, y: height - 9, "text-anchor": anchor });
  if (width >= NARROW) text.append(String(isFull ? 360 : turned(degrees)), " ");
  text.append(svg("tspan", { class: "compass" }, COMPASS[turned(degrees)]));
  return [svg("line", { x1: x, x2: x, y1: height - 5, y2: height }), text];
}
