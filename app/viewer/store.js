// What is shown: the one place all parts of the page read from and listen to.

/**
 * @typedef {{min: number, max: number}} DepthWindow  In the image's depth unit.
 * @typedef {{name: string, invert: boolean, range: [number, number] | null}} Colour  A range of null is the image's own.
 * @typedef {{shown: "static" | "dynamic" | "both", window: number | null}} Tracks
 *   The window of dynamic normalisation, in depth; null is the server’s choice.
 *
 * state: {
 *   image: an image with its statistics, or null,
 *   window: DepthWindow, or null,
 *   colour: Colour,
 *   tracks: Tracks,
 *   rotation: the azimuth at the left edge, in degrees,
 *   tool: "pan", "range" or "sine": what a drag on the track does,
 *   selection: DepthWindow chosen on the track, or null,
 * }
 * A change says how it goes into the history: "step" (its own entry), "gesture" (one entry for a run
 * of changes), "correct" (in place of the present entry), "restore" (it came from the history) or
 * nothing (it is not in the address).
 */
export class Store {
  #listeners = [];
  state = {
    image: null,
    window: null,
    colour: { name: null, invert: false, range: null },
    tracks: { shown: "static", window: null },
    rotation: 0,
    tool: "pan",
    selection: null,
  };

  subscribe(listener) {
    this.#listeners.push(listener);
  }

  set(changes, history) {
    const before = this.state;
    this.state = { ...before, ...changes };
    for (const listener of this.#listeners) listener(this.state, before, history);
  }
}
