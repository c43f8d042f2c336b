// The demo image, for a server that has none yet.

import { byId, showText } from "../dom.js";

/** onJob(job): it is on its way. */
export function attachDemo(api, onJob) {
  const button = byId("demo-button");
  button.addEventListener("click", async () => {
    button.disabled = true;
    showText(byId("empty-error"), null);
    showText(byId("demo-note"), "The demo image is being made; it opens here in a few seconds.");
    try {
      onJob(await api.write("POST", "/images/demo"));
    } catch (error) {
      showText(byId("demo-note"), null);
      showText(byId("empty-error"), error.message);
    }
    button.disabled = false;
  });
}
