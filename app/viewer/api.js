// The server's HTTP API. Every failure is an ApiError (it answered) or a ServerAway (it did not).

import { plainNumber } from "./format.js";
import { remember, remembered } from "./remembering.js";
import { send } from "./sending.js";

const ROOT = new URL("../", import.meta.url); // the page works below a path prefix, too
const KEY_NAME = "borehole-api-key";
const GATEWAY_STATUSES = new Set([502, 504]);

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
  #key = remembered("sessionStorage", KEY_NAME);

  /** onConnection(isThere) is called after each answer, or when there was none; askKey(message) → a key or null. */
  constructor(onConnection, askKey) {
    this.onConnection = onConnection;
    this.askKey = askKey;
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

  /** Changes something. Asks for the API key when the server does. */
  async write(method, path, body) {
    const json = body === undefined ? {} : { body: JSON.stringify(body) };
    return this.#withKey((key) =>
      this.json(path, { method, ...json, headers: { ...(body !== undefined && { "Content-Type": "application/json" }), ...key } }),
    );
  }

  /** Uploads a file and returns its job. onProgress(share 0 to 1). */
  async upload(file, onProgress) {
    return this.#withKey(async (key) => {
      const answer = await send(urlOf("/images", { name: file.name }), file, key, onProgress);
      if (answer === null) throw this.#away();
      if (!answer.ok) throw await problemOf(answer);
      return answer.json();
    });
  }

  async #withKey(attempt) {
    let message = "This server asks for its API key before it changes anything.";
    for (;;) {
      const key = this.#key;
      try {
        return await attempt(key ? { "X-API-Key": key } : {});
      } catch (error) {
        if (error.code !== "api_key_required") throw error;
        if (key) message = "The server did not accept this key.";
        const isNewer = this.#key !== key; // another request has asked meanwhile
        const answer = isNewer ? this.#key : await this.askKey(message);
        if (!answer) throw error;
        this.#key = answer;
        remember("sessionStorage", KEY_NAME, answer);
      }
    }
  }

  async #fetch(url, options) {
    let response;
    try {
      response = await fetch(url, options);
    } catch (error) {
      if (isAbort(error)) throw error;
      throw this.#away();
    }
    if (GATEWAY_STATUSES.has(response.status)) throw this.#away();
    this.onConnection(true);
    if (response.ok) return response;
    throw await problemOf(response);
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
