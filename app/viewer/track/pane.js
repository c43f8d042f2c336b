// One picture of the wall with its azimuth header: the static one, or the dynamic one.

import { element, svg } from "../dom.js";
import { azimuthAt, xOf } from "../azimuth.js";
import { drawAzimuthHeader } from "./axes.js";
import { fitCanvas, paint } from "./painter.js";

const TITLES = { static: "Static", dynamic: "Dynamic" };

export class Pane {
  constructor(normalize) {
    this.normalize = normalize;
    this.title = element("span", { class: "pane-title" }, TITLES[normalize]);
    this.header = svg("svg", { class: "azimuth", role: "img", "aria-label": "Azimuth from north, in degrees" });
    this.canvas = element("canvas");
    this.overlay = svg("svg", { class: "overlay" });
    this.crosshair = element("div", { class: "crosshair", hidden: "" });
    this.meridian = element("div", { class: "meridian", hidden: "" });
    this.box = element("div", { class: "picture" }, this.canvas, this.overlay, this.crosshair, this.meridian);
    this.node = element("div", { class: "pane", "data-normalize": normalize }, this.title, this.header, this.box);
  }

  get pixels() {
    return Math.round(this.box.clientHeight * devicePixelRatio);
  }

  draw(state, wall) {
    fitCanvas(this.canvas);
    const { layers, isWhole, level } = wall.layers(state, this.normalize, this.canvas.height);
    paint(this.canvas, state.window, layers, state.rotation / 360);
    drawAzimuthHeader(this.header, state.rotation);
    Object.assign(this.box.dataset, { whole: isWhole, level });
    return layers.length > 0;
  }

  /** cursor: {depth, azimuth}, or null. */
  showCursor(cursor, { window, rotation }) {
    this.crosshair.hidden = this.meridian.hidden = !cursor;
    if (!cursor) return;
    this.crosshair.style.top = `${((cursor.depth - window.min) / (window.max - window.min)) * 100}%`;
    this.meridian.style.left = `${xOf(cursor.azimuth, rotation) * 100}%`;
  }

  /** What lies under a point of the box. */
  at({ x, y }, { window, rotation }) {
    return {
      depth: window.min + (y / this.box.clientHeight) * (window.max - window.min),
      azimuth: azimuthAt(x / this.box.clientWidth, rotation),
    };
  }
}
