// Which image is open, and what the page says while there is none.

import { parseAddress } from "./address.js";
import { ApiError } from "./api.js";
import { cut, wholeWell } from "./depth_window.js";
import { byId, showText } from "./dom.js";
import { showFacts } from "./facts.js";
import { plainNumber, titleOf, withUnit } from "./format.js";

const ANNOUNCE_MS = 800;
const AWAY_TEXT = "The server does not answer. Trying again every two seconds.";

export class Opening {
  #colormaps = null;
  #flight = null; // the AbortController of the image being opened
  #isAway = false;
  #announcement = null;

  constructor(api, store, { images, colourPanel, track }) {
    Object.assign(this, { api, store, images, colourPanel, track });
    store.subscribe((state, before) => this.#show(state, before));
  }

  /** Loads what every view needs, then the view in the address. */
  async begin() {
    try {
      const [answer] = await Promise.all([this.api.colormaps(), this.images.refresh()]);
      this.colourPanel.fill(answer);
      this.#colormaps = answer;
    } catch (error) {
      if (error instanceof ApiError) showText(byId("notice"), error.message);
      return;
    }
    await this.#openAddress();
  }

  /** The list may have changed: a file was stored, an image deleted, or the server came back. */
  async refresh() {
    if (!this.#colormaps) return this.begin();
    try {
      await this.images.refresh();
      if (!this.store.state.image) await this.#openAddress();
    } catch {
      // the next look at the pipeline, or the banner, tells
    }
    return undefined;
  }

  /** An image was stored or deleted, here or elsewhere. */
  hear({ image_id: id, change }) {
    const { image } = this.store.state;
    if (change !== "deleted" || id !== image?.image_id) return;
    showText(byId("notice"), `${titleOf(image)} has been deleted from the server. What is still on screen cannot be loaded again.`);
  }

  openImage(id) {
    return this.open({ imageId: id, window: null, colour: null }, "step");
  }

  /** Shows a view {imageId, window, colour, …}; what is null is the image's own or the present one. */
  async open(view, history) {
    if (!this.#colormaps) return; // the server has not answered yet
    this.#flight?.abort();
    this.#flight = new AbortController();
    const { signal } = this.#flight;
    const { state } = this.store;
    let { image } = state;
    if (image?.image_id !== view.imageId) {
      try {
        image = await this.api.image(view.imageId, signal);
      } catch (error) {
        if (!signal.aborted) await this.#sayNotOpened(error, view, history);
        return;
      }
      if (signal.aborted) return;
      showText(byId("notice"), null);
    }
    this.store.set(
      {
        image,
        window: (view.window && cut(view.window, image)) ?? wholeWell(image),
        colour: this.#knownColour(view.colour ?? { ...state.colour, range: null }),
        tracks: view.tracks ?? state.tracks,
        rotation: view.rotation ?? state.rotation,
      },
      history,
    );
  }

  showConnection(isThere) {
    if (isThere !== this.#isAway) return;
    this.#isAway = !isThere;
    showText(byId("notice"), this.#isAway ? AWAY_TEXT : null);
    if (this.#isAway) return;
    this.refresh();
    this.track.retry();
  }

  async #openAddress() {
    const view = parseAddress(location.search);
    if (view.imageId === null && this.images.first) view.imageId = this.images.first.image_id;
    if (view.imageId !== null) await this.open(view, "correct");
    this.#showEmpty();
  }

  async #sayNotOpened(error, view, history) {
    showText(byId("notice"), error.message);
    const { first } = this.images;
    const isGone = error.code === "image_not_found" && first && first.image_id !== view.imageId;
    if (!isGone || this.store.state.image) return;
    await this.open({ imageId: first.image_id, window: null, colour: view.colour }, history);
    showText(byId("notice"), error.message);
  }

  /** A colormap this server does not have becomes its default. */
  #knownColour(colour) {
    const isKnown = this.#colormaps.colormaps.some(({ name }) => name === colour.name);
    return isKnown ? colour : { ...colour, name: this.#colormaps.default };
  }

  #show({ image, window }, before) {
    if (!image) return;
    if (image !== before.image) {
      this.#showEmpty();
      this.images.show(image);
      showFacts(image);
      byId("image-name").textContent = titleOf(image);
      document.title = `${titleOf(image)} – Borehole Image Server`;
    }
    if (image === before.image && window === before.window) return;
    clearTimeout(this.#announcement);
    this.#announcement = setTimeout(() => {
      const range = `${plainNumber(window.min)} to ${plainNumber(window.max)}`;
      byId("announce").textContent = `${titleOf(image)}: ${withUnit(range, image.depth_unit)}`;
    }, ANNOUNCE_MS);
  }

  #showEmpty() {
    const hasImage = this.store.state.image !== null;
    const isEmpty = !hasImage && this.images.total === 0;
    byId("view").hidden = !hasImage;
    byId("side").hidden = !hasImage;
    byId("empty").hidden = !isEmpty;
    document.body.classList.toggle("is-empty", isEmpty);
  }
}
