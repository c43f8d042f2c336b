// The range on screen, or the chosen one, as files and as a curl command.

import { spanOf } from "./depth_window.js";
import { byId, closeButtons, showText } from "./dom.js";
import { countText, plainNumber, withUnit } from "./format.js";
import { numbersUrl, pictureUrl, ROWS_AT_MOST, rowsIn } from "./picture_address.js";

const COPIED_MS = 1500;
const REST_MS = 100;

/** pixelsOf(): {width, height} of a track's picture on the screen. */
export function attachExport(store, pixelsOf) {
  const menu = byId("export");
  let timer = null;
  closeButtons(byId("copy-dialog"));
  store.subscribe(({ image, window }) => {
    clearTimeout(timer);
    if (image && window) timer = setTimeout(() => showLinks(store.state, pixelsOf()), REST_MS);
  });
  menu.addEventListener("toggle", () => menu.open && store.state.image && showLinks(store.state, pixelsOf()));
  byId("copy-curl").addEventListener("click", ({ target }) => {
    const { state } = store;
    const normalize = state.tracks.shown === "dynamic" ? "dynamic" : "static";
    const url = pictureUrl(state, rangeOf(state), normalize, sizeOf(state, pixelsOf()));
    copy(`curl -fSL "${url}" -o "${fileName(state, normalize, "png")}"`, target);
  });
  byId("copy-link").addEventListener("click", ({ target }) => copy(location.href, target));
  document.addEventListener("pointerdown", ({ target }) => {
    if (!menu.contains(target)) menu.open = false;
  });
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    menu.open = false;
    menu.querySelector("summary").focus();
    event.stopPropagation();
  });
}

const rangeOf = ({ selection, window }) => selection ?? window;

/** A chosen range is as high as it is on the screen. */
function sizeOf({ selection, window }, { width, height }) {
  const share = selection ? spanOf(selection) / spanOf(window) : 1;
  return { width, height: Math.max(Math.round(height * share), 1) };
}

function showLinks(state, pixels) {
  const { image, selection, tracks } = state;
  const range = rangeOf(state);
  const text = withUnit(`${plainNumber(range.min)} – ${plainNumber(range.max)}`, image.depth_unit);
  showText(byId("export-what"), `${selection ? "The chosen range" : "What is on screen"}: ${text}`);
  for (const normalize of ["static", "dynamic"]) {
    const node = byId(normalize === "static" ? "png-link" : "png-dynamic-link");
    node.hidden = tracks.shown !== "both" && tracks.shown !== normalize;
    link(node, pictureUrl(state, range, normalize, sizeOf(state, pixels)), fileName(state, normalize, "png"));
  }
  const isTooLong = rowsIn(image, range) > ROWS_AT_MOST * 1.001;
  for (const format of ["csv", "npy"]) {
    const node = byId(`${format}-link`);
    if (isTooLong) node.removeAttribute("href");
    else link(node, numbersUrl(image, range, format), fileName(state, "values", format));
    node.setAttribute("aria-disabled", String(isTooLong));
  }
  const limit = `Values of at most ${countText(ROWS_AT_MOST)} rows at a time: zoom in, or choose a range.`;
  showText(byId("export-limit"), isTooLong ? limit : null);
}

function link(node, href, download) {
  node.href = href;
  node.download = download;
}

/** Only characters that mean nothing to a shell or a file system: names come from files. */
function fileName(state, kind, ending) {
  const range = rangeOf(state);
  const stem = state.image.name.replace(/\.[^.]*$/, "").replace(/[^\w.-]+/g, "_").replace(/^[.-]+/, "") || "image";
  return `${stem}_${plainNumber(range.min)}-${plainNumber(range.max)}${kind === "dynamic" ? "_dynamic" : ""}.${ending}`;
}

async function copy(text, button) {
  try {
    await navigator.clipboard.writeText(text);
    const label = button.textContent;
    button.textContent = "Copied";
    button.disabled = true;
    setTimeout(() => {
      button.textContent = label;
      button.disabled = false;
    }, COPIED_MS);
  } catch { // no clipboard outside https and localhost
    byId("copy-text").value = text;
    byId("copy-dialog").showModal();
    byId("copy-text").select();
  }
}
