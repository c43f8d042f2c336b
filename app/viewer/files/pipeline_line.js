// The footer: how the pipeline is, and its switch. A refusal stands until the next attempt: the status comes by itself and would wipe it away.

import { ServerAway } from "../api.js";
import { byId, showText } from "../dom.js";
import { countText } from "../format.js";

const WATCHER_TEXTS = { native: "watching for files", polling: "looking for files by polling", off: "watcher off" };

export class PipelineLine {
  constructor(api) {
    this.api = api;
    for (const action of ["start", "stop", "scan"]) {
      byId(`pipeline-${action}`).addEventListener("click", () => this.#act(action));
    }
  }

  showStatus(status) {
    const { running, watcher, waiting, queued, active, trouble, host } = status;
    const isWell = running && !trouble && host;
    byId("pipeline-light").dataset.state = !running ? "stopped" : !isWell ? "unknown" : watcher.mode === "native" ? "good" : "fair";
    byId("pipeline-state").textContent = running ? "Pipeline running" : "Pipeline stopped";
    const parts = [
      trouble,
      running && !host ? "no process hosts it" : null,
      running ? (WATCHER_TEXTS[watcher.mode] ?? watcher.mode) + (watcher.reason ? ` (${watcher.reason})` : "") : "files wait where they are",
      waiting ? `${countText(waiting)} arriving` : null,
      queued ? `${countText(queued)} waiting` : null,
      active.length ? `reading ${active.map(({ name }) => name).join(", ")}` : null,
    ];
    const detail = parts.filter(Boolean).join(" · ");
    byId("pipeline-detail").textContent = detail;
    byId("pipeline-detail").title = detail;
    byId("pipeline-start").hidden = running;
    byId("pipeline-stop").hidden = !running;
    byId("pipeline-scan").hidden = !running;
  }

  showProblem(error) {
    byId("pipeline-light").dataset.state = "unknown";
    byId("pipeline-state").textContent = "Pipeline: unknown";
    showText(byId("pipeline-detail"), error instanceof ServerAway ? "the server does not answer" : error.message);
  }

  async #act(action) {
    const button = byId(`pipeline-${action}`);
    button.disabled = true;
    showText(byId("pipeline-refusal"), null);
    try {
      this.showStatus(await this.api.write("POST", `/pipeline/${action}`));
    } catch (error) {
      if (error instanceof ServerAway) this.showProblem(error);
      else showText(byId("pipeline-refusal"), error.message);
    }
    button.disabled = false;
  }
}
