// The list of images on the left.

import { byId, element } from "./dom.js";
import { countText, depthRangeText } from "./format.js";

const SEARCH_FROM = 6;

export class ImageList {
  #images = [];
  #next = null;
  #total = 0;
  #shownId = null;
  #loading = null;

  constructor(api, onSelect) {
    this.api = api;
    this.onSelect = onSelect;
    this.list = byId("image-list");
    this.search = byId("image-search");
    this.more = byId("more-images");
    this.search.addEventListener("input", () => this.#render());
    this.search.addEventListener("focus", () => this.#loadRest().catch(() => {}), { once: true });
    this.more.addEventListener("click", () => this.#loadPage().catch(() => {}));
  }

  get first() {
    return this.#images[0] ?? null;
  }

  get total() {
    return this.#total;
  }

  /** Loads the list again from its beginning. */
  async refresh() {
    this.#takePage(await this.api.images(), []);
  }

  show(image) {
    this.#shownId = image?.image_id ?? null;
    for (const button of this.list.querySelectorAll("button")) this.#mark(button);
    this.list.querySelector("[aria-current=true]")?.scrollIntoView({ block: "nearest" });
  }

  async #loadPage() {
    this.#loading ??= this.api.images(this.#next).finally(() => (this.#loading = null));
    this.#takePage(await this.#loading, this.#images);
  }

  async #loadRest() {
    while (this.#next) await this.#loadPage();
  }

  #takePage(page, before) {
    this.#images = [...before, ...page.images];
    this.#next = page.next;
    this.#total = page.total;
    this.#render();
  }

  #render() {
    const wanted = this.search.value.trim().toLowerCase();
    const found = this.#images.filter((image) => image.name.toLowerCase().includes(wanted));
    const focusedId = this.list.contains(document.activeElement) ? document.activeElement.dataset.imageId : null;
    this.list.replaceChildren(...found.map((image) => this.#item(image)));
    if (wanted && !found.length) this.list.append(element("li", { class: "nothing" }, "No image has this name."));
    if (focusedId) this.list.querySelector(`[data-image-id="${focusedId}"]`)?.focus();
    this.search.hidden = this.#total < SEARCH_FROM;
    byId("image-count").textContent = this.#total ? countText(this.#total) : "";
    this.more.hidden = !this.#next;
    this.more.textContent = `Show more (${countText(this.#total - this.#images.length)})`;
  }

  #item(image) {
    const button = element(
      "button",
      { type: "button", "data-image-id": image.image_id, title: image.name },
      element("span", { class: "name" }, image.name),
      element("span", { class: "extent" }, depthRangeText(image)),
      element("span", { class: "rows" }, `${countText(image.rows)} ${image.rows === 1 ? "row" : "rows"}`),
    );
    button.addEventListener("click", () => this.onSelect(image.image_id));
    this.#mark(button);
    return element("li", {}, button);
  }

  #mark(button) {
    button.setAttribute("aria-current", String(button.dataset.imageId === String(this.#shownId)));
  }
}
