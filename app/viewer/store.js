// What is shown: the one place all parts of the page read from and listen to.

/**
 * state: {
 *   image: an image with its statistics, or null,
 *   window: {min, max} in the image's depth unit, or null,
 *   colour: {name, invert, range: [lo, hi], or null for the image's display range},
 * }
 * A change says how it goes into the history: "step" (its own entry), "gesture" (one entry for a run
 * of changes), "correct" (in place of the present entry) or "restore" (it came from the history).
 */
export class Store {
  #listeners = [];
  state = { image: null, window: null, colour: { name: null, invert: false, range: null } };

  subscribe(listener) {
    this.#listeners.push(listener);
  }

  set(changes, history) {
    const before = this.state;
    this.state = { ...before, ...changes };
    for (const listener of this.#listeners) listener(this.state, before, history);
  }
}
