// Puts the parts together; what each of them does is in its own module.

import { keepAddress, parseAddress } from "./address.js";
import { Api, ApiError } from "./api.js";
import { ColourPanel } from "./colour_panel.js";
import { cut, wholeWell } from "./depth_window.js";
import { byId, showText } from "./dom.js";
import { showFacts } from "./facts.js";
import { plainNumber, withUnit } from "./format.js";
import { ImageList } from "./image_list.js";
import { askKey, prepareKeyDialog } from "./key_dialog.js";
import { attachKeyboard, ZOOM_STEP } from "./keyboard.js";
import { PipelineStatus } from "./pipeline_status.js";
import { RangeForm } from "./range_form.js";
import { attachShare } from "./share.js";
import { Store } from "./store.js";
import { Track } from "./track/track.js";

const ANNOUNCE_MS = 800;
const AWAY_TEXT = "The server does not answer. Trying again every two seconds.";

let isAway = false;
let colormaps = null;
let opening = null; // the AbortController of the image being opened
let announcement = null;

const api = new Api(showConnection, askKey);
const store = new Store();
const track = new Track(api, store);
const colourPanel = new ColourPanel(store);
const images = new ImageList(api, (id) => open({ imageId: id, window: null, colour: null }, "step"));
const pipeline = new PipelineStatus(api, {
  onStored: refresh,
  onStatus: ({ data_dir: folder }) => {
    byId("empty-copy").textContent = folder ? `cp your_survey.csv "${folder}/"` : "cp your_survey.csv data/";
    if (!colormaps) begin();
  },
});

new RangeForm(store);
attachShare(store);
attachKeyboard(track);
prepareKeyDialog();
keepAddress(store, (view) => open(view, "restore"));
store.subscribe(showView);
byId("zoom-in").addEventListener("click", () => track.zoom(1 / ZOOM_STEP));
byId("zoom-out").addEventListener("click", () => track.zoom(ZOOM_STEP));
byId("zoom-whole").addEventListener("click", () => track.showWhole());

await begin();
pipeline.poll();

/** Loads what every view needs, then the view in the address. Called again until it works. */
async function begin() {
  try {
    const [answer] = await Promise.all([api.colormaps(), images.refresh()]);
    colourPanel.fill(answer);
    colormaps = answer;
  } catch (error) {
    if (error instanceof ApiError) showText(byId("notice"), error.message);
    return;
  }
  await openAddress();
}

async function openAddress() {
  const view = parseAddress(location.search);
  if (view.imageId === null && images.first) view.imageId = images.first.image_id;
  if (view.imageId !== null) await open(view, "correct");
  showEmpty();
}

/** The list may have changed: a file was stored, or the server came back. */
async function refresh() {
  if (!colormaps) return;
  try {
    await images.refresh();
    if (!store.state.image) await openAddress();
  } catch {
    // the next look at the pipeline, or the banner, tells
  }
}

/** Shows a view {imageId, window, colour}; a window or colour of null is the image's or the present one. */
async function open(view, history) {
  opening?.abort();
  opening = new AbortController();
  const { signal } = opening;
  const { image: shown } = store.state;
  let image = shown;
  if (shown?.image_id !== view.imageId) {
    try {
      image = await api.image(view.imageId, signal);
    } catch (error) {
      if (signal.aborted) return;
      showText(byId("notice"), error.message);
      const isGone = error.code === "image_not_found" && images.first && images.first.image_id !== view.imageId;
      if (isGone && !shown) await open({ imageId: images.first.image_id, window: null, colour: view.colour }, history);
      return;
    }
    if (signal.aborted) return;
    showText(byId("notice"), null);
  }
  const colour = knownColour(view.colour ?? { ...store.state.colour, range: null });
  const window = (view.window && cut(view.window, image)) ?? wholeWell(image);
  store.set({ image, window, colour }, history);
}

/** A colormap this server does not have becomes its default. */
function knownColour(colour) {
  const isKnown = colormaps.colormaps.some(({ name }) => name === colour.name);
  return isKnown ? colour : { ...colour, name: colormaps.default };
}

function showView({ image, window }, before) {
  if (!image) return;
  if (image !== before.image) {
    showEmpty();
    images.show(image);
    showFacts(image);
    byId("image-name").textContent = image.name;
    document.title = `${image.name} – Borehole Image Server`;
  }
  clearTimeout(announcement);
  announcement = setTimeout(() => {
    const range = `${plainNumber(window.min)} to ${plainNumber(window.max)}`;
    byId("announce").textContent = `${image.name}: ${withUnit(range, image.depth_unit)}`;
  }, ANNOUNCE_MS);
}

function showEmpty() {
  const hasImage = store.state.image !== null;
  byId("view").hidden = !hasImage;
  byId("side").hidden = !hasImage;
  byId("empty").hidden = hasImage || images.total > 0;
}

function showConnection(isThere) {
  if (isThere !== isAway) return;
  isAway = !isThere;
  showText(byId("notice"), isAway ? AWAY_TEXT : null);
  if (isAway) return;
  refresh();
  track.retry();
}
