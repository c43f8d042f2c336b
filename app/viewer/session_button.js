// Whose session this is, and its end; or the way to begin one.

import { byId } from "./dom.js";

export class SessionButton {
  #session = null;

  /** onBegin(): a person has signed in by this button. */
  constructor(api, onBegin) {
    Object.assign(this, { api, onBegin });
    this.button = byId("session-button");
    this.button.addEventListener("click", () => this.#act().catch(() => {})); // the banner tells of a server that is away
  }

  /** session: {name, scope}; null where there is none, and a key would be of use. */
  show(session) {
    this.#session = session;
    this.button.hidden = false;
    this.button.textContent = session ? "Sign out" : "API key…";
    this.button.title = session ? `Signed in with the key “${session.name}”, which may ${session.scope === "write" ? "change everything" : "only read"}` : "";
  }

  /** A session that began before this page was loaded. */
  async find() {
    const session = await this.api.session().catch(() => null);
    if (session) this.show(session);
  }

  async #act() {
    if (!this.#session) {
      if (await this.api.signIn("Signing in lasts for twelve hours.")) this.onBegin();
      return;
    }
    await this.api.signOut();
    location.reload(); // nothing of what was shown stays
  }
}
