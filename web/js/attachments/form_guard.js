// A form is not sent, and a page not left, while its files are on their way without a word about it.

/**
 * @param uploads  what is asked about: {running, failed, dropFailed()}
 * @param {{ask: Function, visit: Function, texts: object, show: Function, signal: AbortSignal}} parts
 *        `show(sentence)` says in the form what it waits for, or nothing.
 */
export class FormGuard {
  constructor(form, uploads, parts) {
    Object.assign(this, { form, uploads, parts });
    const { signal } = parts;
    form.addEventListener("submit", (event) => this.submit(event), { capture: true, signal });
    addEventListener("beforeunload", (event) => this.uploads.running > 0 && event.preventDefault(), { signal });
    document.addEventListener("turbo:before-visit", (event) => this.leave(event), { signal });
  }

  submit(event) {
    const { running, failed } = this.uploads;
    if (running === 0 && failed === 0) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (running > 0) this.wait(event.submitter);
    else this.askWithoutFailed(event.submitter);
  }

  /** Sends the form as soon as all files are there. */
  wait(submitter) {
    this.isWaiting = true;
    this.submitter = submitter;
    this.changed();
  }

  stopWaiting() {
    this.isWaiting = false;
    this.parts.show("");
  }

  /** The uploads have changed. */
  changed() {
    if (!this.isWaiting) return;
    const { running, failed } = this.uploads;
    if (running > 0) {
      this.parts.show(this.parts.texts.sendWaits.replace("{n}", running), true);
    } else if (failed > 0) {
      this.isWaiting = false;
      this.parts.show(this.parts.texts.sendFailed);
    } else {
      this.stopWaiting();
      this.form.requestSubmit(this.submitter);
    }
  }

  async askWithoutFailed(submitter) {
    const { texts, ask } = this.parts;
    const agreed = await ask(texts.failedSure.replace("{n}", this.uploads.failed), this.form, { dataset: { confirmLabel: texts.failedSend } });
    if (!agreed) return;
    this.uploads.dropFailed();
    this.parts.show("");
    this.form.requestSubmit(submitter);
  }

  async leave(event) {
    if (this.uploads.running === 0) return;
    event.preventDefault();
    const { texts, ask, visit } = this.parts;
    if (!(await ask(texts.leaveSure, this.form, { dataset: { confirmLabel: texts.leave } }))) return;
    this.uploads.stop();
    visit(event.detail.url);
  }
}
