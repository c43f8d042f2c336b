// Keys that work anywhere on the page except in fields.

import { byId, closeButtons } from "./dom.js";

const ARROW_SCREENS = 0.1;
const PAGE_SCREENS = 0.9;
export const ZOOM_STEP = 1.5;

/** more: actions by key, beside those that move the track. */
export function attachKeyboard(track, more) {
  const help = byId("help-dialog");
  closeButtons(help);
  byId("help-button").addEventListener("click", () => help.showModal());

  const actions = {
    ArrowUp: () => track.scroll(-ARROW_SCREENS),
    ArrowDown: () => track.scroll(ARROW_SCREENS),
    PageUp: () => track.scroll(-PAGE_SCREENS),
    PageDown: () => track.scroll(PAGE_SCREENS),
    Home: () => track.goToEnd(-1),
    End: () => track.goToEnd(1),
    "+": () => track.zoom(1 / ZOOM_STEP, true),
    "=": () => track.zoom(1 / ZOOM_STEP, true),
    "-": () => track.zoom(ZOOM_STEP, true),
    0: () => track.showWhole(),
    "?": () => help.showModal(),
    ...more,
  };

  addEventListener("keydown", (event) => {
    const isElsewhere = event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]");
    if (isElsewhere || event.target.closest("input:not([type=checkbox]), select, textarea")) return;
    const action = actions[event.key] ?? actions[event.key.toLowerCase()];
    if (!action) return;
    event.preventDefault();
    action();
  });
}
