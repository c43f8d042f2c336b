// The range on screen as a curl command and as a file.

import { byId, closeButtons } from "./dom.js";
import { plainNumber } from "./format.js";
import { exactUrl } from "./picture_url.js";

const COPIED_MS = 1500;

export function attachShare(store) {
  const link = byId("png-link");
  const button = byId("copy-curl");
  closeButtons(byId("copy-dialog"));
  store.subscribe(({ image, window, colour }) => {
    if (!image || !window) return;
    link.href = exactUrl(image, window, colour);
    link.download = fileName(image, window);
  });
  button.addEventListener("click", async () => {
    const { image, window, colour } = store.state;
    await copy(`curl -fSL "${exactUrl(image, window, colour)}" -o "${fileName(image, window)}"`, button);
  });
}

/** Only characters that mean nothing to a shell or a file system: names come from files. */
function fileName(image, window) {
  const stem = image.name.replace(/\.[^.]*$/, "").replace(/[^\w.-]+/g, "_").replace(/^[.-]+/, "") || "image";
  return `${stem}_${plainNumber(window.min)}-${plainNumber(window.max)}.png`;
}

async function copy(text, button) {
  try {
    await navigator.clipboard.writeText(text);
    const label = button.textContent;
    button.textContent = "Copied";
    button.disabled = true;
    setTimeout(() => {
      button.textContent = label;
      button.disabled = false;
    }, COPIED_MS);
  } catch { // no clipboard outside https and localhost
    byId("copy-text").value = text;
    byId("copy-dialog").showModal();
    byId("copy-text").select();
  }
}
