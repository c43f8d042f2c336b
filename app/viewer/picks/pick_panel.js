// The picks as a list: to find, name and delete them; and the diameter of the hole they are reckoned with.

import { urlOf } from "../api.js";
import { byId, element, showText } from "../dom.js";
import { depthDecimals, parseNumber, plainNumber } from "../format.js";
import { METRES_PER_INCH, metresPer } from "../units.js";
import { KINDS } from "./picks.js";
import { dipOf } from "./sine.js";

const DEFAULT_INCHES = 8.5;

export class PickPanel {
  #diameters = new Map(); // image id → inches, for this visit

  constructor(store, picks, track) {
    Object.assign(this, { store, picks, track });
    this.diameter = byId("hole-diameter");
    this.list = byId("pick-list");
    this.diameter.addEventListener("change", () => this.#takeDiameter());
    picks.subscribe(() => this.#render());
    store.subscribe(({ image }, before) => {
      if (image && image !== before.image) {
        picks.show(image.image_id);
        byId("picks-csv").href = urlOf(`/images/${image.image_id}/picks`, { format: "csv" });
        byId("picks-csv").download = `${image.name.replace(/[^\w.-]+/g, "_")}.picks.csv`;
      }
    });
  }

  /** What a new pick has beside its sine. */
  describe() {
    const numbers = this.picks.list.map(({ name }) => Number(/(\d+)$/.exec(name)?.[1] ?? 0));
    return { name: `Pick ${Math.max(0, ...numbers) + 1}`, kind: "bed", hole_diameter: this.holeDiameter };
  }

  /** In the image's depth unit. */
  get holeDiameter() {
    const { image } = this.store.state;
    const inches = this.#diameters.get(image.image_id) ?? DEFAULT_INCHES;
    return Number(((inches * METRES_PER_INCH) / metresPer(image)).toFixed(6));
  }

  #takeDiameter() {
    const inches = parseNumber(this.diameter.value);
    const isGood = inches !== null && inches > 0;
    this.diameter.setAttribute("aria-invalid", String(!isGood));
    if (!isGood) return;
    this.#diameters.set(this.store.state.image.image_id, inches);
    this.store.set({}); // the scale of true shape changes
    if (this.picks.chosen) this.picks.save(this.picks.chosenId, { hole_diameter: this.holeDiameter });
  }

  #render() {
    const { image } = this.store.state;
    if (!image) return;
    const { list, chosen, isAvailable, problem } = this.picks;
    const inches = chosen ? (chosen.hole_diameter * metresPer(image)) / METRES_PER_INCH : this.#diameters.get(image.image_id);
    if (document.activeElement !== this.diameter) this.diameter.value = plainNumber(inches ?? DEFAULT_INCHES, 3);
    byId("pick-count").textContent = list.length || "";
    byId("picks-hint").hidden = !isAvailable || list.length > 0;
    byId("picks-csv").hidden = !list.length;
    showText(byId("picks-error"), problem ?? (isAvailable ? null : "This server does not keep picks."));
    const typing = this.list.querySelector("input:focus")?.closest("li"); // a name is being typed: it stays
    const isKept = list.some(({ id }) => String(id) === typing?.dataset.pick && id === this.picks.chosenId);
    if (!isKept) {
      this.list.replaceChildren(...list.map((pick) => this.#item(pick, image)));
      return;
    }
    for (const item of [...this.list.children]) if (item !== typing) item.remove();
    let isAbove = true;
    for (const pick of list) {
      if (String(pick.id) === typing.dataset.pick) {
        isAbove = false;
        typing.firstChild.replaceWith(this.#line(pick, image));
      } else if (isAbove) typing.before(this.#item(pick, image));
      else this.list.append(this.#item(pick, image));
    }
  }

  #item(pick, image) {
    const item = element("li", { "data-pick": pick.id }, this.#line(pick, image));
    if (pick.id === this.picks.chosenId) item.append(this.#editor(pick));
    return item;
  }

  #line(pick, image) {
    const dip = dipOf(pick.amplitude, pick.hole_diameter);
    const isChosen = pick.id === this.picks.chosenId;
    const button = element(
      "button",
      { type: "button", class: "pick-line", "aria-pressed": String(isChosen), title: pick.name },
      element("span", { class: "swatch", "data-kind": pick.kind }),
      element("span", { class: "pick-name" }, pick.name),
      element("span", { class: "pick-depth" }, pick.depth.toFixed(Math.min(depthDecimals(image), 3))),
      element("span", { class: "pick-dip", title: "Dip and dip direction" }, dipText(dip, pick.azimuth)),
    );
    button.addEventListener("click", () => {
      this.picks.choose(pick.id);
      const { min, max } = this.store.state.window;
      if (pick.depth < min || pick.depth > max) this.track.goTo(pick.depth);
    });
    return button;
  }

  #editor(pick) {
    const name = element("input", { value: pick.name, "aria-label": "Name of the pick", maxlength: 200 });
    name.addEventListener("change", () => name.value.trim() && this.picks.save(pick.id, { name: name.value.trim() }));
    const kind = element("select", { "aria-label": "Kind of the pick" });
    kind.append(...KINDS.map((value) => element("option", { value }, value)));
    kind.value = pick.kind;
    kind.addEventListener("change", () => this.picks.save(pick.id, { kind: kind.value }));
    const remove = element("button", { type: "button", "aria-label": `Delete ${pick.name}`, title: "Delete (Del)" }, "Delete");
    remove.addEventListener("click", () => this.picks.remove(pick.id));
    return element("div", { class: "pick-editor" }, name, kind, remove);
  }
}

/** 34.2°/128°: dip and dip direction, as structural geologists write it. */
const dipText = (dip, direction) => `${dip.toFixed(1)}°/${String(Math.round(direction) % 360).padStart(3, "0")}°`;
