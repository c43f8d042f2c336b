// Moves the window to where a key or a button sends it, in a few frames, so that the eye can follow.

const DURATION_MS = 140;

export class Glide {
  #frame = null;
  #goal = null;

  constructor(store) {
    this.store = store;
    this.calm = matchMedia("(prefers-reduced-motion: reduce)");
  }

  /** Where the window is going: further moves start from there. */
  get goal() {
    return this.#goal ?? this.store.state.window;
  }

  stop() {
    cancelAnimationFrame(this.#frame);
    this.#frame = this.#goal = null;
  }

  to(goal) {
    this.stop();
    const { window: from, image } = this.store.state;
    if (this.calm.matches) {
      this.store.set({ window: goal }, "gesture");
      return;
    }
    this.#goal = goal;
    let began = null;
    const step = (now) => {
      if (this.store.state.image !== image) return this.stop();
      began ??= now - 8;
      const time = Math.min((now - began) / DURATION_MS, 1);
      const way = 1 - (1 - time) ** 3;
      const between = (a, b) => a + (b - a) * way;
      if (time === 1) this.stop();
      else this.#frame = requestAnimationFrame(step);
      const window = time === 1 ? goal : { min: between(from.min, goal.min), max: between(from.max, goal.max) };
      return this.store.set({ window }, "gesture");
    };
    this.#frame = requestAnimationFrame(step);
  }
}
