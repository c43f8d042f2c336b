// Files dropped anywhere on the page, or chosen: uploaded one after the other, then followed until they are images.

import { byId } from "../dom.js";

export class Uploads {
  #queue = [];
  #isSending = false;
  #awaited = new Set(); // ids of our jobs that have not ended yet
  #isFirst = true;

  /** onImage(imageId): the first file of a batch has become an image. */
  constructor(api, jobs, onImage) {
    Object.assign(this, { api, jobs, onImage });
    const input = byId("upload-input");
    for (const id of ["upload-button", "empty-upload"]) byId(id).addEventListener("click", () => input.click());
    input.addEventListener("change", () => {
      this.add([...input.files]);
      input.value = "";
    });
    this.#attachDrop();
  }

  add(files) {
    if (!files.length) return;
    if (!this.#queue.length && !this.#awaited.size) this.#isFirst = true;
    const uploads = files.map((file) => ({ file, name: file.name, state: "queued", share: 0, message: "in this browser" }));
    for (const upload of uploads) this.jobs.addUpload(upload);
    this.#queue.push(...uploads);
    if (!document.body.classList.contains("is-empty") || files.length > 1) this.jobs.open();
    this.#send();
  }

  /** Follows a job that was made some other way, too. */
  follow(job) {
    this.#isFirst ||= !this.#awaited.size;
    this.#awaited.add(job.id);
    this.jobs.change(job);
    this.hear(job);
  }

  /** A job has changed. */
  hear(job) {
    if (!this.#awaited.has(job.id) || !["stored", "duplicate", "failed"].includes(job.state)) return;
    this.#awaited.delete(job.id);
    if (!job.image_id || !this.#isFirst) return;
    this.#isFirst = false;
    this.onImage(job.image_id);
  }

  async #send() {
    if (this.#isSending) return;
    this.#isSending = true;
    for (let upload = this.#queue.shift(); upload; upload = this.#queue.shift()) await this.#sendOne(upload);
    this.#isSending = false;
  }

  async #sendOne(upload) {
    Object.assign(upload, { state: "uploading", message: null });
    this.jobs.render();
    try {
      const job = await this.api.upload(upload.file, (share) => {
        upload.share = share;
        this.jobs.render();
      });
      this.jobs.removeUpload(upload);
      this.follow(job);
    } catch (error) {
      Object.assign(upload, { state: "refused", message: error.message });
      this.jobs.render();
      this.jobs.open();
    }
  }

  #attachDrop() {
    const veil = byId("drop-veil");
    let depth = 0; // dragenter and dragleave come for every element passed
    const holdsFiles = ({ dataTransfer }) => [...dataTransfer.types].includes("Files");
    const show = (isOver) => {
      if (!isOver) depth = 0;
      veil.hidden = !isOver;
    };
    addEventListener("dragenter", (event) => {
      if (!holdsFiles(event)) return;
      event.preventDefault();
      depth += 1;
      show(true);
    });
    addEventListener("dragover", (event) => holdsFiles(event) && event.preventDefault());
    addEventListener("dragleave", (event) => {
      if (holdsFiles(event) && (depth -= 1) <= 0) show(false);
    });
    addEventListener("drop", (event) => {
      if (!holdsFiles(event)) return;
      event.preventDefault();
      show(false);
      this.add([...event.dataTransfer.files]);
    });
  }
}
