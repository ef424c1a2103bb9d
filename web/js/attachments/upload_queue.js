// The uploads of one form: a few at a time, in the order in which they were added.

const kAtOnce = 3;

const kRetryDelaysMs = [1000, 2000, 4000, 8000, 15_000, 30_000, 60_000]; // of what comes after the last byte

const pause = (delay) => new Promise((resume) => setTimeout(resume, delay));
const isSame = (one, other) => ["name", "size", "lastModified"].every((key) => one[key] === other[key]);

/** One file on its way. `state`: waiting, sending, failed. */
class Upload {
  state = "waiting";
  share = 0;
  milestone = 0; // the last quarter that was announced
  isInterrupted = false; // and that was announced

  constructor(file, row) {
    Object.assign(this, { file, row });
  }
}

/**
 * @param {{send: Function, interrupted: Interrupted, events: object}} parts
 *        `send(file, address, tell)` sends a file (../uploads). `events`: changed(), progress(upload), waits(upload),
 *        done(upload, address), failed(upload, reason); `done` may reject.
 */
export class UploadQueue {
  #all = [];

  constructor(parts) {
    Object.assign(this, parts);
  }

  get running() {
    return this.#all.filter(({ state }) => state !== "failed").length;
  }

  get failed() {
    return this.#all.length - this.running;
  }

  get size() {
    return this.#all.length;
  }

  /** Whether the same file is on its way. */
  has(file) {
    return this.#all.some((one) => one.state !== "failed" && isSame(one.file, file));
  }

  of(element) {
    return this.#all.find(({ row }) => row.element === element);
  }

  add(file, row) {
    this.#all.push(new Upload(file, row));
    this.#next();
  }

  /** A file that is refused before anything is sent. */
  addRefused(file, row) {
    const upload = new Upload(file, row);
    upload.state = "failed";
    this.#all.push(upload);
    return upload;
  }

  retry(upload) {
    upload.state = "waiting";
    this.#next();
  }

  /** Ends an upload, and gives the address where it began. */
  cancel(upload) {
    upload.sending?.abort();
    this.#remove(upload);
    const address = this.interrupted.addressOf(upload.file);
    this.interrupted.forget(upload.file);
    this.#next();
    return address;
  }

  /** Takes failed uploads away, all or those of one file. */
  dropFailed(file) {
    for (const upload of this.#all.filter((one) => one.state === "failed" && (!file || isSame(one.file, file)))) {
      upload.row.element.remove();
      this.#remove(upload);
    }
  }

  /** Ends everything; what was begun can go on later. */
  stop() {
    for (const { sending, file, address } of this.#all.splice(0)) {
      sending?.abort();
      if (address) this.interrupted.note(file, address, false);
    }
  }

  #remove(upload) {
    this.#all = this.#all.filter((one) => one !== upload);
  }

  #next() {
    const waiting = this.#all.filter(({ state }) => state === "waiting");
    const sending = this.#all.filter(({ state }) => state === "sending").length;
    for (const upload of waiting.slice(0, Math.max(0, kAtOnce - sending))) this.#start(upload);
    this.events.changed();
  }

  async #start(upload) {
    upload.state = "sending";
    upload.address = this.interrupted.addressOf(upload.file);
    if (upload.address) this.interrupted.note(upload.file, upload.address);
    try {
      const sending = await this.send(upload.file, upload.address, {
        address: (address) => {
          upload.address = address;
          this.interrupted.note(upload.file, address);
        },
        progress: (share) => {
          upload.share = share;
          if (upload.address) this.interrupted.note(upload.file, upload.address);
          this.events.progress(upload);
        },
        interrupted: () => this.events.waits(upload),
        done: (address) => this.#done(upload, address),
        failed: (reason) => this.#failed(upload, reason),
      });
      upload.sending = sending;
      if (!this.#all.includes(upload)) sending.abort(); // cancelled while the script was loaded
    } catch {
      this.#failed(upload, { status: 0, sentence: "" }); // the script was not loaded
    }
  }

  async #done(upload, address) {
    for (const delay of [...kRetryDelaysMs, 0]) {
      try {
        await this.events.done(upload, address);
        this.interrupted.forget(upload.file);
        this.#remove(upload);
        return this.#next();
      } catch {
        this.events.waits(upload);
        await pause(delay);
        if (!this.#all.includes(upload)) return;
      }
    }
    this.#failed(upload, { status: 0, sentence: "" });
  }

  #failed(upload, reason) {
    if (!this.#all.includes(upload)) return;
    upload.state = "failed";
    if (upload.address) this.interrupted.note(upload.file, upload.address, false);
    this.events.failed(upload, reason);
    this.#next();
  }
}
