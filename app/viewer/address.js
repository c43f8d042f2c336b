// The address holds the view: ?image=1&min=9201.9&max=9210.3&colormap=grey&low=0&high=200&invert=true&tracks=both

import { turned } from "./azimuth.js";
import { plainNumber } from "./format.js";

const GESTURE_PAUSE_MS = 1000; // a longer pause starts a new history entry
const REPLACE_EVERY_MS = 150; // browsers refuse more than some 100 changes in 30 s
const TRACKS = ["static", "dynamic", "both"];

export function parseAddress(search) {
  const query = new URLSearchParams(search);
  const number = (name) => (query.get(name)?.trim() && Number.isFinite(Number(query.get(name))) ? Number(query.get(name)) : null);
  const [min, max, low, high, dynamicWindow] = ["min", "max", "low", "high", "window"].map(number);
  return {
    imageId: number("image"),
    window: min !== null && max !== null && min < max ? { min, max } : null,
    colour: {
      name: query.get("colormap"),
      invert: query.get("invert") === "true",
      range: low !== null && high !== null && low < high ? [low, high] : null,
    },
    tracks: {
      shown: TRACKS.includes(query.get("tracks")) ? query.get("tracks") : "static",
      window: dynamicWindow > 0 ? dynamicWindow : null,
    },
    rotation: turned(number("left") ?? 0),
  };
}

export function formatAddress({ image, window, colour, tracks, rotation }) {
  const query = new URLSearchParams();
  query.set("image", image.image_id);
  query.set("min", plainNumber(window.min));
  query.set("max", plainNumber(window.max));
  if (colour.name) query.set("colormap", colour.name);
  if (colour.range) {
    query.set("low", String(colour.range[0]));
    query.set("high", String(colour.range[1]));
  }
  if (colour.invert) query.set("invert", "true");
  if (tracks.shown !== "static") {
    query.set("tracks", tracks.shown);
    if (tracks.window) query.set("window", String(tracks.window));
  }
  if (rotation) query.set("left", String(rotation));
  return `?${query}`;
}

/** Keeps the address in step with the store; `onRestore(view)` is called on back and forward. */
export function keepAddress(store, onRestore) {
  let lastGesture = -Infinity;
  let timer = null;

  const replaceNow = () => {
    clearTimeout(timer);
    timer = null;
    history.replaceState(null, "", formatAddress(store.state));
  };

  store.subscribe((state, before, how) => {
    if (!state.image || !state.window || !how || how === "restore") return;
    if (how === "correct") {
      replaceNow();
      return;
    }
    const now = performance.now();
    const isNewEntry = how === "step" || now - lastGesture > GESTURE_PAUSE_MS;
    lastGesture = how === "gesture" ? now : -Infinity;
    if (!isNewEntry) {
      timer ??= setTimeout(replaceNow, REPLACE_EVERY_MS);
      return;
    }
    if (timer !== null && before.image && before.window) {
      clearTimeout(timer);
      timer = null;
      history.replaceState(null, "", formatAddress(before));
    }
    const address = formatAddress(state);
    if (address !== location.search) history.pushState(null, "", address);
  });

  addEventListener("popstate", () => {
    clearTimeout(timer);
    timer = null;
    lastGesture = -Infinity;
    onRestore(parseAddress(location.search));
  });
}
