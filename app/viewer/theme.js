// Light or dark: as the system has it, unless the person chose otherwise.

import { byId } from "./dom.js";

const NAME = "borehole-theme";
const TEXTS = { light: ["☀", "Light"], dark: ["☾", "Dark"] };

/** onChange(): the colours of the page are others now. */
export function attachTheme(onChange) {
  const button = byId("theme-button");
  const system = matchMedia("(prefers-color-scheme: dark)");
  const present = () => document.documentElement.dataset.theme ?? (system.matches ? "dark" : "light");
  const show = () => {
    const other = present() === "dark" ? "light" : "dark";
    button.textContent = TEXTS[other][0];
    button.title = `${TEXTS[other][1]} colours`;
    button.setAttribute("aria-label", `${TEXTS[other][1]} colours`);
    onChange();
  };
  const kept = localStorage.getItem(NAME);
  if (kept in TEXTS) document.documentElement.dataset.theme = kept;
  button.addEventListener("click", () => {
    const next = present() === "dark" ? "light" : "dark";
    document.documentElement.dataset.theme = next;
    localStorage.setItem(NAME, next);
    show();
  });
  system.addEventListener("change", show);
  show();
}
