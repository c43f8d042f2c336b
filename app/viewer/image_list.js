// The list of images on the left.

import { byId, element } from "./dom.js";
import { countText, depthRangeText, titleOf } from "./format.js";
import { thumbnailUrl } from "./picture_address.js";

const SEARCH_FROM = 6;
const SEARCH_REST_MS = 200;
const THUMBNAIL_ROWS = 80;

export class ImageList {
  #images = [];
  #next = null;
  #total = 0;
  #shownId = null;
  #loads = 0;
  #timer = null;

  constructor(api, onSelect) {
    this.api = api;
    this.onSelect = onSelect;
    this.list = byId("image-list");
    this.search = byId("image-search");
    this.more = byId("more-images");
    this.search.addEventListener("input", () => {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#find().catch(() => {}), SEARCH_REST_MS);
    });
    this.more.addEventListener("click", () => this.#loadPage().catch(() => {}));
  }

  get first() {
    return this.#images[0] ?? null;
  }

  /** Of all images, whatever is searched for. */
  get total() {
    return this.#total;
  }

  /** Loads the list again from its beginning. */
  async refresh() {
    const load = ++this.#loads;
    const { value: wanted } = this.search;
    const page = await this.api.images();
    const found = wanted.trim() ? await this.api.images(wanted.trim()) : page;
    if (load !== this.#loads) return;
    this.#total = page.total;
    this.#take(found, []);
  }

  show(image) {
    this.#shownId = image?.image_id ?? null;
    for (const button of this.list.querySelectorAll("button")) this.#mark(button);
    this.list.querySelector("[aria-current=true]")?.scrollIntoView({ block: "nearest" });
  }

  /** The image before (-1) or after (1) the one shown. */
  neighbour(way) {
    const at = this.#images.findIndex(({ image_id: id }) => id === this.#shownId);
    return this.#images[at + way] ?? null;
  }

  async #find() {
    const load = ++this.#loads;
    const page = await this.api.images(this.search.value.trim());
    if (load === this.#loads) this.#take(page, []);
  }

  async #loadPage() {
    this.more.disabled = true;
    const load = ++this.#loads;
    const page = await this.api.next(this.#next).finally(() => (this.more.disabled = false));
    if (load === this.#loads) this.#take(page, this.#images);
  }

  #take(page, before) {
    this.#images = [...before, ...page.images];
    this.#next = page.next;
    this.#render(page.total);
  }

  #render(found) {
    const focusedId = this.list.contains(document.activeElement) ? document.activeElement.dataset.imageId : null;
    const known = new Map([...this.list.querySelectorAll("button")].map((button) => [button.dataset.imageId, button]));
    this.list.replaceChildren(
      ...this.#images.map((image) => element("li", {}, known.get(String(image.image_id)) ?? this.#item(image))),
    );
    for (const button of this.list.querySelectorAll("button")) this.#mark(button);
    if (!this.#images.length && this.#total) this.list.append(element("li", { class: "nothing" }, "No image is called or said to be this."));
    if (focusedId) this.list.querySelector(`[data-image-id="${focusedId}"]`)?.focus();
    this.search.hidden = this.#total < SEARCH_FROM && !this.search.value;
    byId("image-count").textContent = this.#total ? countText(this.#total) : "";
    this.more.hidden = !this.#next;
    this.more.textContent = `Show more (${countText(found - this.#images.length)})`;
  }

  #item(image) {
    const thumbnail = element("img", {
      src: thumbnailUrl(image, THUMBNAIL_ROWS, "grey"), alt: "", loading: "lazy", width: 28, height: 40,
    });
    const button = element(
      "button",
      { type: "button", "data-image-id": image.image_id, title: titleOf(image) },
      thumbnail,
      element("span", { class: "name" }, titleOf(image)),
      element("span", { class: "extent" }, depthRangeText(image)),
      element("span", { class: "rows" }, `${countText(image.rows)} ${image.rows === 1 ? "row" : "rows"}`),
    );
    button.addEventListener("click", () => this.onSelect(image.image_id));
    return button;
  }

  #mark(button) {
    button.setAttribute("aria-current", String(button.dataset.imageId === String(this.#shownId)));
  }
}
