// Puts the parts together; what each of them does is in its own module.

import { keepAddress, parseAddress } from "./address.js";
import { Api } from "./api.js";
import { ColourPanel } from "./colour/colour_panel.js";
import { byId, showText } from "./dom.js";
import { attachExport } from "./export.js";
import { attachDemo } from "./files/demo.js";
import { JobList } from "./files/job_list.js";
import { News } from "./files/news.js";
import { PipelineLine } from "./files/pipeline_line.js";
import { Uploads } from "./files/uploads.js";
import { ImageList } from "./image_list.js";
import { askKey, prepareKeyDialog } from "./key_dialog.js";
import { attachKeyboard, ZOOM_STEP } from "./keyboard.js";
import { Opening } from "./opening.js";
import { PickLayer } from "./picks/pick_layer.js";
import { PickPanel } from "./picks/pick_panel.js";
import { Picks } from "./picks/picks.js";
import { RangeForm } from "./range_form.js";
import { attachScale } from "./scale.js";
import { Selection } from "./selection/selection.js";
import { SessionButton } from "./session_button.js";
import { Store } from "./store.js";
import { attachTheme } from "./theme.js";
import { attachTools, TRACKS } from "./tools.js";
import { Readout } from "./track/readout.js";
import { Track } from "./track/track.js";

const REFRESH_MS = 300; // images that come in a crowd make one new list

const api = new Api((isThere) => opening.showConnection(isThere), askKey, (session) => sessionButton.show(session));
const store = new Store();
const beginDrag = (tool, pane, point) => (tool === "pan" ? null : { range: selection, sine: pickLayer }[tool].begin(pane, point));
const track = new Track(api, store, beginDrag);
const readout = new Readout(api, store, track.wall);
track.onCursor((cursor) => readout.show(cursor));
const colourPanel = new ColourPanel(api, store);
const picks = new Picks(api);
const pickPanel = new PickPanel(store, picks, track);
const selection = new Selection(api, store, track);
const pickLayer = new PickLayer(store, picks, track, () => pickPanel.describe());
const images = new ImageList(api, (id) => opening.openImage(id));
const opening = new Opening(api, store, { images, colourPanel, track });
const jobs = new JobList(api, (id) => opening.openImage(id));
const uploads = new Uploads(api, jobs, (id) => opening.openImage(id));
const pipelineLine = new PipelineLine(api);

const sessionButton = new SessionButton(api, () => {
  showText(byId("notice"), null);
  opening.refresh();
  news.poll();
});

let refreshing = null;
const news = new News(api, {
  status: (status) => {
    pipelineLine.showStatus(status);
    byId("empty-copy").textContent = status.landing_uri
      ? `aws s3 cp your_survey.csv ${status.landing_uri.replace(/\/?$/, "/")}`
      : `cp your_survey.csv "${status.data_dir}/"`;
  },
  jobs: (page) => {
    jobs.take(page);
    for (const job of page.jobs) uploads.hear(job);
    opening.refresh();
    picks.refresh(); // what happened while nobody listened
  },
  job: (job) => {
    jobs.change(job);
    uploads.hear(job);
  },
  image: (event) => {
    opening.hear(event);
    clearTimeout(refreshing);
    refreshing = setTimeout(() => opening.refresh(), REFRESH_MS);
  },
  picks: ({ image_id: id }) => picks.hear(id),
  problem: (error) => pipelineLine.showProblem(error),
});

new RangeForm(store);
attachExport(store, () => track.pixels);
attachScale(store, track, () => pickPanel.holeDiameter);
attachTools(store);
attachTheme(() => track.draw());
attachDemo(api, (job) => uploads.follow(job));
prepareKeyDialog();
keepAddress(store, (view) => opening.open(view, "restore"));
const openNeighbour = (way) => images.neighbour(way) && opening.openImage(images.neighbour(way).image_id);
attachKeyboard(track, {
  v: () => store.set({ tool: "pan" }),
  r: () => store.set({ tool: "range" }),
  s: () => store.set({ tool: "sine" }),
  d: () => {
    const { tracks } = store.state;
    const shown = TRACKS[(TRACKS.indexOf(tracks.shown) + 1) % TRACKS.length];
    store.set({ tracks: { ...tracks, shown } }, "step");
  },
  i: () => colourPanel.toggleInvert(),
  "[": () => openNeighbour(-1),
  "]": () => openNeighbour(1),
  Delete: () => picks.chosen && picks.remove(picks.chosenId),
  Escape: () => {
    selection.clear();
    picks.choose(null);
    store.set({ tool: "pan" });
  },
});
byId("zoom-in").addEventListener("click", () => track.zoom(1 / ZOOM_STEP));
byId("zoom-out").addEventListener("click", () => track.zoom(ZOOM_STEP));
byId("zoom-whole").addEventListener("click", () => track.showWhole());

await sessionButton.find();
await opening.begin();
news.start();
