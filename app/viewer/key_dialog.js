// Asks for the API key.

import { byId, closeButtons } from "./dom.js";

let asking = null;

/** Resolves to the key that was typed, or null if the person would rather not. Asks once, however many want it. */
export function askKey(message) {
  asking ??= ask(message).finally(() => (asking = null));
  return asking;
}

function ask(message) {
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
