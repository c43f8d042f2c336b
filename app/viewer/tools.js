// Choices made with a row of buttons: the tool, and the tracks; and what belongs to the tracks.

import { byId, element } from "./dom.js";
import { stepOf } from "./depth_window.js";
import { parseNumber, plainNumber, withUnit } from "./format.js";
import { turned } from "./azimuth.js";

const WINDOWS = { m: [0.1, 0.25, 0.5, 1, 2, 5, 10, 50], ft: [0.5, 1, 2, 3, 6, 15, 30, 150] };
const LEAST_ROWS = 4;
const MOST_ROWS = 20_000;

export const TRACKS = ["static", "dynamic", "both"];

export function attachTools(store) {
  const tools = radios(byId("tools"), "tool", (tool) => store.set({ tool }));
  const tracks = radios(byId("tracks"), "tracks", (shown) =>
    store.set({ tracks: { ...store.state.tracks, shown } }, "step"),
  );
  const dynamicWindow = byId("dynamic-window");
  const rotation = byId("rotation");

  dynamicWindow.addEventListener("change", () => {
    const window = dynamicWindow.value ? Number(dynamicWindow.value) : null;
    store.set({ tracks: { ...store.state.tracks, window } }, "step");
  });
  rotation.addEventListener("input", () => {
    const degrees = parseNumber(rotation.value);
    if (degrees !== null) store.set({ rotation: turned(Math.round(degrees)) }, "gesture");
  });
  rotation.addEventListener("blur", () => (rotation.value = store.state.rotation));

  store.subscribe((state, before) => {
    if (!state.image) return;
    tools(state.tool);
    tracks(state.tracks.shown);
    byId("track").dataset.tool = state.tool;
    byId("dynamic-field").hidden = state.tracks.shown === "static";
    if (state.image !== before.image || state.tracks !== before.tracks) fillWindows(dynamicWindow, state);
    if (document.activeElement !== rotation) rotation.value = state.rotation;
  });
}

/** The lengths that make sense for the image's step; the server's own choice first. */
function fillWindows(select, { image, tracks }) {
  const usual = image.dynamic_window;
  const step = stepOf(image);
  const lengths = (WINDOWS[image.depth_unit] ?? WINDOWS.m).filter(
    (length) => length !== usual && length >= step * LEAST_ROWS && length <= step * MOST_ROWS,
  );
  if (tracks.window && !lengths.includes(tracks.window)) lengths.push(tracks.window);
  lengths.sort((a, b) => a - b);
  select.replaceChildren(
    element("option", { value: "" }, `${withUnit(plainNumber(usual), image.depth_unit)} (usual)`),
    ...lengths.map((length) => element("option", { value: length }, withUnit(plainNumber(length), image.depth_unit))),
  );
  select.value = tracks.window ?? "";
}

/** Buttons of which one is chosen; returns what shows the chosen one. Arrow keys move between them. */
function radios(group, name, onChoose) {
  const buttons = [...group.querySelectorAll("[role=radio]")];
  buttons.forEach((button, k) => {
    button.addEventListener("click", () => onChoose(button.dataset[name]));
    button.addEventListener("keydown", (event) => {
      const way = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      if (!way) return;
      event.preventDefault();
      event.stopPropagation();
      const next = buttons[(k + way + buttons.length) % buttons.length];
      next.focus();
      next.click();
    });
  });
  return (chosen) => {
    for (const button of buttons) {
      const isChosen = button.dataset[name] === chosen;
      button.setAttribute("aria-checked", String(isChosen));
      button.tabIndex = isChosen ? 0 : -1;
    }
  };
}
