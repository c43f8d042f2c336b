// The picks of the image on screen: kept on the server, shown at once.

import { isAbort, ServerAway } from "../api.js";

export const KINDS = ["bed", "fracture", "fault", "other"];

export class Picks {
  #listeners = [];
  #loading = null;
  #imageId = null;
  #isStale = false; // others have changed something while we did
  #changing = 0; // sines in hand, and changes on their way to the server
  list = [];
  chosenId = null;
  isAvailable = true;
  problem = null;

  constructor(api) {
    this.api = api;
  }

  subscribe(listener) {
    this.#listeners.push(listener);
  }

  get chosen() {
    return this.list.find(({ id }) => id === this.chosenId) ?? null;
  }

  async show(imageId) {
    this.#loading?.abort();
    this.#loading = new AbortController();
    this.#imageId = imageId;
    this.#set([], null);
    try {
      const answer = await this.api.picks(imageId, this.#loading.signal);
      this.isAvailable = true;
      this.#set(answer.picks, null);
    } catch (error) {
      if (isAbort(error)) return;
      this.isAvailable = error instanceof ServerAway || ![404, 405].includes(error.status);
      this.#set([], null);
    }
  }

  /** Somebody changed a pick of this image, maybe we. */
  hear(imageId) {
    if (imageId === this.#imageId) this.refresh();
  }

  /** Loads the picks again; once nothing of ours is under way, or that would be undone on screen. */
  async refresh() {
    if (this.#imageId === null) return;
    this.#isStale = true;
    if (this.#changing) return;
    this.#isStale = false;
    const imageId = this.#imageId;
    const answer = await this.api.picks(imageId).catch(() => null); // the banner tells of a server that is away
    if (!answer || imageId !== this.#imageId) return;
    if (this.#changing) this.#isStale = true;
    else if (JSON.stringify(answer.picks) !== JSON.stringify(this.list)) this.#set(answer.picks, this.chosenId);
  }

  /** A sine is in hand until it is let go. */
  hold() {
    this.#changing += 1;
  }

  release() {
    this.#changing -= 1;
    if (!this.#changing && this.#isStale) this.refresh();
  }

  choose(id) {
    if (id !== this.chosenId) this.#set(this.list, id);
  }

  /** pick: without id, dip and dip direction, which the server adds. */
  async add(pick) {
    await this.#attempt(
      () => this.api.write("POST", `/images/${this.#imageId}/picks`, pick),
      (added) => this.#set([...this.list, added].sort((a, b) => a.depth - b.depth), added.id),
    );
  }

  /** Shows a change at once, as while a sine is dragged; `save` sends it. */
  alter(id, changes) {
    this.#set(this.list.map((pick) => (pick.id === id ? { ...pick, ...changes } : pick)), this.chosenId);
  }

  async save(id, changes) {
    const before = this.list;
    this.alter(id, changes);
    await this.#attempt(
      () => this.api.write("PATCH", `/images/${this.#imageId}/picks/${id}`, changes),
      (saved) => this.#set(this.list.map((pick) => (pick.id === id ? saved : pick)).sort((a, b) => a.depth - b.depth), this.chosenId),
      before,
    );
  }

  async remove(id) {
    const before = this.list;
    this.#set(this.list.filter((pick) => pick.id !== id), this.chosenId === id ? null : this.chosenId);
    await this.#attempt(() => this.api.write("DELETE", `/images/${this.#imageId}/picks/${id}`), () => {}, before);
  }

  /** Sends a change and shows the answer, or what was before and why; unless another image is open by then. */
  async #attempt(action, show, before = this.list) {
    const imageId = this.#imageId;
    this.hold();
    try {
      const answer = await action();
      if (imageId !== this.#imageId) return;
      this.problem = null;
      show(answer);
    } catch (error) {
      if (imageId !== this.#imageId) return;
      this.problem = error.message;
      this.#set(before, this.chosenId);
    } finally {
      this.release();
    }
  }

  #set(list, chosenId) {
    this.list = list;
    this.chosenId = chosenId;
    for (const listener of this.#listeners) listener(this);
  }
}
