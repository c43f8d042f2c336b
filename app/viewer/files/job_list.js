// What became of every file, with the reasons in words; uploads on their way come first.

import { byId, element } from "../dom.js";
import { countText } from "../format.js";

const STATE_TEXTS = {
  uploading: "uploading", refused: "not uploaded", queued: "waiting", running: "being read",
  retrying: "will be tried again", stored: "stored", duplicate: "already stored", failed: "failed",
};
const LIVELY = new Set(["uploading", "queued", "running"]);
const PAGE = 50;

export class JobList {
  #jobs = new Map(); // id → job
  #uploads = []; // {name, state, share, message}
  #isComplete = false;
  #limit = PAGE; // jobs shown: a day of them would take too long to draw at each step of one

  /** onOpen(imageId): the image of a job is wanted. */
  constructor(api, onOpen) {
    this.api = api;
    this.onOpen = onOpen;
    this.list = byId("jobs");
    const toggle = byId("jobs-toggle");
    toggle.addEventListener("click", () => this.open(toggle.getAttribute("aria-expanded") !== "true"));
    byId("only-failed").addEventListener("change", () => this.#loadFailed());
    byId("more-jobs").addEventListener("click", () => this.#loadOlder());
  }

  open(isOpen = true) {
    byId("jobs-toggle").setAttribute("aria-expanded", String(isOpen));
    byId("files").hidden = !isOpen;
  }

  /** The newest page of the history. */
  take({ jobs, total }) {
    for (const job of jobs) this.#jobs.set(job.id, job);
    this.#isComplete = this.#jobs.size >= total;
    this.render();
  }

  change(job) {
    this.#jobs.set(job.id, job);
    this.render();
  }

  addUpload(upload) {
    this.#uploads.unshift(upload);
    this.render();
  }

  removeUpload(upload) {
    this.#uploads = this.#uploads.filter((other) => other !== upload);
    this.render();
  }

  render() {
    const onlyFailed = byId("only-failed").checked;
    const jobs = [...this.#jobs.values()].sort((a, b) => b.id - a.id);
    const all = [...this.#uploads, ...jobs];
    const chosen = onlyFailed ? all.filter(({ state }) => state === "failed" || state === "refused") : all;
    const shown = chosen.slice(0, this.#limit);
    const focused = document.activeElement?.closest("#jobs [data-key]")?.dataset.key;
    this.list.replaceChildren(...shown.map((job) => this.#item(job)));
    if (focused) this.list.querySelector(`[data-key="${focused}"] button`)?.focus();
    if (!shown.length) this.list.append(element("li", { class: "nothing" }, onlyFailed ? "No failures." : "No files yet."));
    byId("jobs-toggle").hidden = !all.length;
    byId("more-jobs").hidden = shown.length === chosen.length && (this.#isComplete || onlyFailed);
    const latest = all.find(({ state }) => LIVELY.has(state)) ?? all[0];
    byId("latest-job").replaceChildren(...(latest ? jobParts(latest) : []));
    byId("latest-job").title = latest ? [latest.name, STATE_TEXTS[latest.state], latest.message].filter(Boolean).join(": ") : "";
  }

  #item(job) {
    const item = element("li", { "data-key": job.id ?? job.name, "data-state": job.state }, ...jobParts(job));
    const action = element("span", { class: "job-action" });
    if (job.state === "failed" || job.state === "retrying") {
      action.append(this.#button("Try again", `Try ${job.name} again`, (button) => this.#retry(job, button)));
    }
    if (job.image_id && (job.state === "stored" || job.state === "duplicate")) {
      action.append(this.#button("Open", `Open the image of ${job.name}`, () => this.onOpen(job.image_id)));
    }
    if (job.state === "refused") {
      action.append(this.#button("Dismiss", `Dismiss ${job.name}`, () => this.removeUpload(job)));
    }
    item.append(action);
    return item;
  }

  #button(text, label, onClick) {
    const button = element("button", { type: "button", "aria-label": label }, text);
    button.addEventListener("click", () => onClick(button));
    return button;
  }

  async #retry(job, button) {
    button.disabled = true;
    try {
      this.change(await this.api.write("POST", `/pipeline/jobs/${job.id}/retry`));
    } catch (error) {
      this.change({ ...job, message: error.message });
    }
  }

  async #loadOlder() {
    this.#limit += PAGE;
    this.render();
    if (this.#isComplete || this.#jobs.size >= this.#limit) return;
    const before = Math.min(...this.#jobs.keys());
    const page = await this.api.jobs({ limit: PAGE, before }).catch(() => null);
    if (!page) return;
    for (const job of page.jobs) this.#jobs.set(job.id, job);
    this.#isComplete = !page.next;
    this.render();
  }

  async #loadFailed() {
    this.render();
    if (!byId("only-failed").checked) return;
    const page = await this.api.jobs({ limit: PAGE, state: "failed" }).catch(() => ({ jobs: [] }));
    for (const job of page.jobs) this.#jobs.set(job.id, job);
    this.render();
  }
}

function jobParts(job) {
  const time = job.finished_at ?? job.started_at ?? job.created_at;
  const share = job.state === "uploading" ? job.share : job.rows_total ? job.rows_done / job.rows_total : null;
  const isMoving = job.state === "uploading" || job.state === "running";
  const progress = isMoving ? [element("progress", { max: 1, ...(share !== null && { value: share }), "aria-label": `Progress of ${job.name}` })] : [];
  const hasRows = job.rows_done && (job.state === "running" || job.state === "stored");
  const rate = hasRows ? `${countText(job.rows_done)} rows${durationOf(job)}` : null;
  return [
    element("span", { class: "state", "data-state": job.state }, STATE_TEXTS[job.state] ?? job.state),
    element("span", { class: "job-name", title: job.name }, job.name),
    element("span", { class: "message" }, ...progress, " ", rate ?? whereOf(job)),
    element("time", time ? { datetime: time } : {}, time ? momentText(new Date(time)) : ""),
  ];
}

/** How long a stored file took, from when it was taken in hand. */
function durationOf({ state, started_at: from, finished_at: to }) {
  const seconds = (new Date(to) - new Date(from)) / 1000;
  return state === "stored" && from && to ? `, ${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s` : "";
}

/** The time of day, with the day before it unless that is today. */
function momentText(moment) {
  const time = moment.toLocaleTimeString("en-GB");
  const isToday = moment.toDateString() === new Date().toDateString();
  return isToday ? time : `${moment.toLocaleDateString("en-CA")} ${time}`;
}

/** The reason in words, with the place in the file where that is known and not said already. */
function whereOf({ message, row, column, image_ids: images }) {
  if (!message) return images?.length > 1 ? `${images.length} images` : "";
  const isSaid = row === null || row === undefined || message.includes(String(row));
  return isSaid ? message : `${message} (line ${row}${column ? `, column ${column}` : ""})`;
}
