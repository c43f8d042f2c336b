// The footer: how the pipeline is, what it works on, and what became of the latest files.

import { ServerAway } from "./api.js";
import { byId, element, showText } from "./dom.js";
import { countText } from "./format.js";

const POLL_MS = 2000;
const JOBS_SHOWN = 8;
const WATCHER_TEXTS = { native: "watching for files", polling: "looking for files by polling", off: "watcher off" };
const STATE_TEXTS = {
  queued: "waiting", running: "being read", retrying: "will be tried again",
  stored: "stored", duplicate: "already stored", failed: "failed",
};

export class PipelineStatus {
  #timer = null;
  #isPolling = false;
  #storedKey = null;

  /** onStored(): a file was stored since the last look; onStatus(status): after each look. */
  constructor(api, { onStored, onStatus }) {
    this.api = api;
    this.onStored = onStored;
    this.onStatus = onStatus;
    for (const action of ["start", "stop", "scan"]) {
      byId(`pipeline-${action}`).addEventListener("click", () => this.#act(action));
    }
    const toggle = byId("jobs-toggle");
    toggle.addEventListener("click", () => {
      const isOpen = toggle.getAttribute("aria-expanded") === "true";
      toggle.setAttribute("aria-expanded", String(!isOpen));
      byId("jobs").hidden = isOpen;
    });
    document.addEventListener("visibilitychange", () => this.poll());
  }

  /** Looks now, and again every two seconds while the page is visible. */
  async poll() {
    clearTimeout(this.#timer);
    if (document.hidden || this.#isPolling) return;
    this.#isPolling = true;
    try {
      const [status, history] = await Promise.all([this.api.pipelineStatus(), this.api.jobs(JOBS_SHOWN)]);
      this.#showStatus(status);
      this.#showJobs(history);
    } catch (error) {
      this.#showProblem(error);
    }
    this.#isPolling = false;
    this.#timer = setTimeout(() => this.poll(), POLL_MS);
  }

  async #act(action) {
    const button = byId(`pipeline-${action}`);
    button.disabled = true;
    try {
      await this.api.pipeline(action);
      await this.poll();
    } catch (error) {
      this.#showProblem(error);
    }
    button.disabled = false;
  }

  #showStatus(status) {
    const { running, watcher, queued, active } = status;
    byId("pipeline-light").dataset.state = !running ? "stopped" : watcher.mode === "native" ? "good" : "fair";
    byId("pipeline-state").textContent = running ? "Pipeline running" : "Pipeline stopped";
    const parts = [
      running ? (WATCHER_TEXTS[watcher.mode] ?? watcher.mode) + (watcher.reason ? ` (${watcher.reason})` : "") : null,
      queued ? `${countText(queued)} waiting` : null,
      ...active.map((job) => job.name + (job.rows_total ? ` ${Math.floor((100 * job.rows_done) / job.rows_total)} %` : "")),
      !queued && !active.length ? "nothing waiting" : null,
    ];
    const detail = parts.filter(Boolean).join(" · ");
    byId("pipeline-detail").textContent = detail;
    byId("pipeline-detail").title = detail;
    byId("pipeline-start").hidden = running;
    byId("pipeline-stop").hidden = !running;
    byId("pipeline-scan").hidden = !running;
    this.onStatus(status);
  }

  #showJobs({ jobs }) {
    const latest = jobs[0];
    byId("latest-job").replaceChildren(...(latest ? jobParts(latest) : []));
    byId("latest-job").title = latest ? jobText(latest) : "";
    byId("jobs-toggle").hidden = !jobs.length;
    byId("jobs").replaceChildren(...jobs.map((job) => element("li", {}, ...jobParts(job))));
    const storedKey = jobs.find((job) => job.state === "stored")?.id ?? null;
    const isNews = this.#storedKey !== null && storedKey !== null && storedKey !== this.#storedKey;
    if (isNews) this.onStored();
    this.#storedKey = storedKey ?? 0;
  }

  #showProblem(error) {
    byId("pipeline-light").dataset.state = "unknown";
    byId("pipeline-state").textContent = "Pipeline: unknown";
    showText(byId("pipeline-detail"), error instanceof ServerAway ? "the server does not answer" : error.message);
  }
}

function jobParts(job) {
  const time = job.finished_at ?? job.created_at;
  return [
    element("span", { class: "state", "data-state": job.state }, STATE_TEXTS[job.state] ?? job.state),
    element("span", { class: "job-name", title: job.name }, job.name),
    element("span", { class: "message" }, job.message ?? ""),
    element("time", time ? { datetime: time } : {}, time ? new Date(time).toLocaleTimeString("en-GB") : ""),
  ];
}

const jobText = (job) => [job.name, STATE_TEXTS[job.state] ?? job.state, job.message].filter(Boolean).join(": ");
