// The picks of the image on screen: kept on the server, shown at once.

import { isAbort, ServerAway } from "../api.js";

export const KINDS = ["bed", "fracture", "fault", "other"];

export class Picks {
  #listeners = [];
  #loading = null;
  #imageId = null;
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

  choose(id) {
    if (id !== this.chosenId) this.#set(this.list, id);
  }

  /** pick: without id, dip and dip direction, which the server adds. */
  async add(pick) {
    await this.#attempt(async () => {
      const added = await this.api.write("POST", `/images/${this.#imageId}/picks`, pick);
      this.#set([...this.list, added].sort((a, b) => a.depth - b.depth), added.id);
    });
  }

  /** Shows a change at once, as while a sine is dragged; `save` sends it. */
  alter(id, changes) {
    this.#set(this.list.map((pick) => (pick.id === id ? { ...pick, ...changes } : pick)), this.chosenId);
  }

  async save(id, changes) {
    const before = this.list;
    this.alter(id, changes);
    await this.#attempt(async () => {
      const saved = await this.api.write("PATCH", `/images/${this.#imageId}/picks/${id}`, changes);
      this.#set(this.list.map((pick) => (pick.id === id ? saved : pick)).sort((a, b) => a.depth - b.depth), this.chosenId);
    }, before);
  }

  async remove(id) {
    const before = this.list;
    this.#set(this.list.filter((pick) => pick.id !== id), this.chosenId === id ? null : this.chosenId);
    await this.#attempt(() => this.api.write("DELETE", `/images/${this.#imageId}/picks/${id}`), before);
  }

  async #attempt(action, before = this.list) {
    const imageId = this.#imageId;
    try {
      await action();
      this.problem = null;
    } catch (error) {
      if (imageId !== this.#imageId) return;
      this.problem = error.message;
      this.#set(before, this.chosenId);
    }
  }

  #set(list, chosenId) {
    this.list = list;
    this.chosenId = chosenId;
    for (const listener of this.#listeners) listener(this);
  }
}
