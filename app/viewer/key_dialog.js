// Asks for the API key.

import { byId, closeButtons } from "./dom.js";

/** Resolves to the key that was typed, or null if the person would rather not. */
export function askKey(message) {
  const dialog = byId("key-dialog");
  const input = byId("key-input");
  byId("key-message").textContent = message;
  input.value = "";
  dialog.showModal();
  return new Promise((resolve) => {
    let key = null;
    byId("key-form").onsubmit = (event) => {
      event.preventDefault();
      key = input.value.trim() || null;
      dialog.close();
    };
    dialog.addEventListener("close", () => resolve(key), { once: true });
  });
}

export const prepareKeyDialog = () => closeButtons(byId("key-dialog"));
