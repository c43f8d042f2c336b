// What the server does, as it does it: server-sent events, and polling while there are none.

import { ServerAway, urlOf } from "../api.js";

const POLL_MS = 2000;
const JOBS_AT_FIRST = 50;

/**
 * Calls on.status(status), on.job(job), on.jobs(history page), on.image({image_id, change}),
 * on.picks({image_id}) and on.problem(error).
 * Listens only while the page is visible: a browser has six connections to a server, for all its tabs together.
 */
export class News {
  #source = null;
  #timer = null;
  #isPolling = false;

  constructor(api, on) {
    this.api = api;
    this.on = on;
    document.addEventListener("visibilitychange", () => (document.hidden ? this.stop() : this.start()));
  }

  start() {
    if (!document.hidden) this.poll();
  }

  stop() {
    clearTimeout(this.#timer);
    this.#source?.close();
    this.#source = null;
  }

  /** Asks now. Goes on asking every two seconds until events come by themselves. */
  async poll() {
    clearTimeout(this.#timer);
    if (this.#isPolling) return;
    this.#isPolling = true;
    try {
      const [status, history] = await Promise.all([this.api.pipelineStatus(), this.api.jobs({ limit: JOBS_AT_FIRST })]);
      this.on.status(status);
      this.on.jobs(history);
      this.#listen();
    } catch (error) {
      this.on.problem(error);
      if (error instanceof ServerAway) this.#hangUp();
    }
    this.#isPolling = false;
    const isHeard = this.#source?.readyState === EventSource.OPEN;
    if (!isHeard && !document.hidden) this.#timer = setTimeout(() => this.poll(), POLL_MS);
  }

  #hangUp() {
    this.#source?.close();
    this.#source = null;
  }

  #listen() {
    if (document.hidden || (this.#source && this.#source.readyState !== EventSource.CLOSED)) return;
    const source = new EventSource(urlOf("/pipeline/events"));
    this.#source = source;
    const hear = (name, tell) => source.addEventListener(name, ({ data }) => tell(JSON.parse(data)));
    hear("pipeline", this.on.status);
    hear("job", this.on.job);
    hear("image", this.on.image);
    hear("picks", this.on.picks);
    source.addEventListener("open", () => this.poll()); // what happened before it opened
    source.addEventListener("error", () => source === this.#source && this.poll());
  }
}
