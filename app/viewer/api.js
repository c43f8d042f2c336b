// The server's HTTP API. Every failure is an ApiError (it answered) or a ServerAway (it did not).

import { plainNumber } from "./format.js";
import { send } from "./sending.js";

const ROOT = new URL("../", import.meta.url); // the page works below a path prefix, too
const GATEWAY_STATUSES = new Set([502, 504]);
const KEY_REQUIRED = 401;
const WRITABLE_KEY = /^[!-~]([ -~]*[!-~])?$/; // what a header can hold

export class ApiError extends Error {
  constructor(status, code, detail) {
    super(detail);
    this.status = status;
    this.code = code;
  }
}

export class ServerAway extends Error {}

export const isAbort = (error) => error?.name === "AbortError";

export function urlOf(path, parameters = {}) {
  const url = new URL(path.replace(/^\//, ""), ROOT);
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== null && value !== undefined) url.searchParams.set(name, value);
  }
  return url.href.replaceAll("%2C", ",");
}

export class Api {
  #signingIn = null;
  #sessionsBegun = 0;
  #hasDeclined = false;

  /**
   * onConnection(isThere) is called after each answer, or when there was none; askKey(message) → a key or null;
   * onSession({name, scope}) when a session began, onSession(null) when a person would not begin one.
   */
  constructor(onConnection, askKey, onSession) {
    Object.assign(this, { onConnection, askKey, onSession });
  }

  images = (search) => this.json(urlOf("/images", { limit: 100, search: search || null }));
  next = (path) => this.json(path);
  image = (id, signal) => this.json(`/images/${id}`, { signal });
  colormaps = () => this.json("/colormaps");
  colormap = (name) => this.json(`/colormaps/${encodeURIComponent(name)}`);
  frames = (parameters, signal) => this.json(urlOf("/frames", parameters), { signal });
  statistics = (image, { min, max }, signal) =>
    this.json(urlOf(`/images/${image.image_id}/statistics`, { depth_min: plainNumber(min), depth_max: plainNumber(max) }), { signal });
  depths = (image, level, start, count, signal) =>
    this.json(urlOf(`/images/${image.image_id}/depths`, { level, start, count, v: image.version }), { signal });
  pipelineStatus = () => this.json("/pipeline/status", { cache: "no-store" });
  jobs = (parameters) => this.json(urlOf("/pipeline/history", parameters), { cache: "no-store" });
  picks = (imageId, signal) => this.json(`/images/${imageId}/picks`, { signal, cache: "no-store" });

  async bitmap(url, signal) {
    const response = await this.#fetch(url, { signal });
    return createImageBitmap(await response.blob());
  }

  async json(path, options) {
    const response = await this.#fetch(/^https?:/.test(path) ? path : urlOf(path), options);
    return response.status === 204 ? null : response.json();
  }

  /** Changes something. */
  async write(method, path, body) {
    const json = body === undefined ? {} : { body: JSON.stringify(body), headers: { "Content-Type": "application/json" } };
    return this.json(path, { method, ...json });
  }

  /** Uploads a file and returns its job. onProgress(share 0 to 1). */
  async upload(file, onProgress) {
    const attempt = async () => {
      const answer = await send(urlOf("/images", { name: file.name }), file, onProgress);
      if (answer === null) throw this.#away();
      return answer;
    };
    return (await this.#withSession(attempt, true)).json();
  }

  /** Whose session this is: {name, scope}, or null. The cookie that makes it one is out of our reach. */
  session = () => this.json("/session", { cache: "no-store" });

  async signOut() {
    await this.#fetch(urlOf("/session"), { method: "DELETE" });
  }

  /** Begins a session with a key that a person types; false if they would rather not. */
  signIn(message) {
    this.#signingIn ??= this.#askUntilRight(message).finally(() => (this.#signingIn = null));
    return this.#signingIn;
  }

  async #askUntilRight(message) {
    for (;;) {
      const key = await this.askKey(message);
      if (!key) return false;
      if (WRITABLE_KEY.test(key)) {
        const response = await this.#answer(urlOf("/session"), { method: "POST", headers: { "X-API-Key": key } });
        if (response.ok) {
          this.#sessionsBegun += 1;
          this.#hasDeclined = false;
          this.onSession(await response.json());
          return true;
        }
        if (response.status !== KEY_REQUIRED) throw await problemOf(response);
      }
      message = "The server did not accept this key.";
    }
  }

  /** The answer to an attempt; where that takes a key, to a second one. Who would not give it is asked again for changes only. */
  async #withSession(attempt, isChange) {
    const before = this.#sessionsBegun;
    let response = await attempt();
    if (response.status === KEY_REQUIRED) {
      const isNewer = this.#sessionsBegun !== before; // somebody has signed in meanwhile
      if (isNewer || (await this.#signsIn(isChange))) response = await attempt();
    }
    if (response.ok) return response;
    throw await problemOf(response);
  }

  async #signsIn(isChange) {
    if (this.#hasDeclined && !isChange) return false;
    const isIn = await this.signIn(`This server asks for an API key before it ${isChange ? "changes" : "shows"} anything.`);
    if (!isIn) {
      this.#hasDeclined = true;
      this.onSession(null);
    }
    return isIn;
  }

  #fetch(url, options) {
    const method = options?.method ?? "GET";
    return this.#withSession(() => this.#answer(url, options), method !== "GET");
  }

  async #answer(url, options) {
    let response;
    try {
      response = await fetch(url, options);
    } catch (error) {
      if (isAbort(error)) throw error;
      throw this.#away();
    }
    if (GATEWAY_STATUSES.has(response.status)) throw this.#away();
    this.onConnection(true);
    return response;
  }

  #away() {
    this.onConnection(false);
    return new ServerAway("The server does not answer.");
  }
}

async function problemOf(response) {
  const problem = await response.json().catch(() => ({}));
  const detail = typeof problem.detail === "string" ? problem.detail : problem.title;
  return new ApiError(response.status, problem.code, detail ?? `The server answered ${response.status}.`);
}
