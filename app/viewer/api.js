// The server's HTTP API. Every failure is an ApiError (it answered) or a ServerAway (it did not).

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
  /** onConnection(isThere) is called after each answer, or when there was none; askKey(message) → a key or null. */
  constructor(onConnection, askKey) {
    this.onConnection = onConnection;
    this.askKey = askKey;
  }

  async images(next = "/images?limit=100") {
    return this.#json(next);
  }

  async image(id, signal) {
    return this.#json(`/images/${id}`, { signal });
  }

  async colormaps() {
    return this.#json("/colormaps");
  }

  async frames(parameters, signal) {
    return this.#json(urlOf("/frames", parameters), { signal });
  }

  /** One picture: {bitmap, depthMin, depthMax, rowCount, level}, depths of its first and last row. */
  async picture(url, signal) {
    const response = await this.#fetch(url, { signal });
    const header = (name) => Number(response.headers.get(name));
    const blob = await response.blob();
    return {
      bitmap: await createImageBitmap(blob),
      depthMin: header("X-Depth-Min"),
      depthMax: header("X-Depth-Max"),
      rowCount: header("X-Row-Count"),
      level: header("X-Level"),
    };
  }

  async pipelineStatus() {
    return this.#json("/pipeline/status", { cache: "no-store" });
  }

  async jobs(limit) {
    return this.#json(urlOf("/pipeline/history", { limit }), { cache: "no-store" });
  }

  /** Writes: start, stop or scan. Asks for the API key when the server does. */
  async pipeline(action) {
    let message = "This server asks for its API key before it changes anything.";
    for (;;) {
      const key = sessionStorage.getItem(KEY_NAME);
      try {
        return await this.#json(`/pipeline/${action}`, { method: "POST", headers: key ? { "X-API-Key": key } : {} });
      } catch (error) {
        if (error.code !== "api_key_required") throw error;
        if (key) message = "The server did not accept this key.";
        sessionStorage.removeItem(KEY_NAME);
        const answer = await this.askKey(message);
        if (!answer) throw error;
        sessionStorage.setItem(KEY_NAME, answer);
      }
    }
  }

  async #json(path, options) {
    const response = await this.#fetch(/^https?:/.test(path) ? path : urlOf(path), options);
    return response.json();
  }

  async #fetch(url, options) {
    let response;
    try {
      response = await fetch(url, options);
    } catch (error) {
      if (isAbort(error)) throw error;
      this.onConnection(false);
      throw new ServerAway("The server does not answer.");
    }
    if (GATEWAY_STATUSES.has(response.status)) {
      this.onConnection(false);
      throw new ServerAway("The server does not answer.");
    }
    this.onConnection(true);
    if (response.ok) return response;
    const problem = await response.json().catch(() => ({}));
    const detail = typeof problem.detail === "string" ? problem.detail : problem.title;
    throw new ApiError(response.status, problem.code, detail ?? `The server answered ${response.status}.`);
  }
}
