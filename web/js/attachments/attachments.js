// The attachments of a form (src/features/files/attachments.html): files are uploaded while the form is filled in, and can be put in
// order. page.js loads this with a form that has the field; without it the field is a plain one, whose files come with the form.
import { Announcer } from "./announcer.js";
import { FormGuard } from "./form_guard.js";
import { takeFiles } from "./intake.js";
import { Interrupted } from "./interrupted.js";
import { move, showEnds } from "./order.js";
import { UploadQueue } from "./upload_queue.js";
import { UploadRow, sizeText } from "./upload_row.js";

const kEndpoint = "/files";
const kInputName = "upload";

/** The attachment's id, with which the address of its upload ends. */
const idOf = (address) => address.split("/").pop();

/** Why an upload failed, in a sentence, and whether trying again may help. */
function reasonOf({ status, sentence, isUnreadable }, texts) {
  if (isUnreadable) return [texts.unreadable, false];
  if (status === 401) return [texts.login, true];
  if (sentence) return [sentence, status !== 422];
  if (status === 409) return [texts.otherMember, false];
  if (status === 413) return [texts.tooLarge, false];
  return status === 0 || status >= 500 || status === 429 ? [texts.network, true] : [texts.refused, false];
}

const attachments = (Controller, { ask, visit, owner, loadUploads }) => class extends Controller {
  static targets = ["input", "item", "list", "status", "template", "hint", "waiting", "waitingText", "stopWaiting", "interrupted", "interruptedText"];
  static values = { draft: String, max: Number, limit: Number };

  connect() {
    this.form = this.element.form;
    this.texts = this.element.dataset;
    this.headers = { "X-Member": owner() };
    this.ended = new AbortController();
    const { signal } = this.ended;
    this.announcer = new Announcer(this.statusTarget);
    this.interrupted = new Interrupted(owner(), this.draftValue);
    this.queue = new UploadQueue({ interrupted: this.interrupted, events: this, send: (...what) => this.send(...what) });
    this.guard = new FormGuard(this.form, this.queue, { ask, visit, texts: this.texts, signal, show: (...what) => this.show(...what) });
    takeFiles(this.form, { signal, pictureName: this.texts.pasted, mark: (isOver) => this.element.classList.toggle("attachments-over", isOver),
      take: (files, folders) => this.take(files, folders) });
    document.addEventListener("turbo:before-cache", () => this.leave(), { signal });
    addEventListener("pagehide", () => this.stop(), { signal });
    addEventListener("pageshow", ({ persisted }) => persisted && this.showInterrupted(), { signal });
    this.enhance(true);
    this.showInterrupted();
  }

  disconnect() {
    this.leave();
    this.ended.abort();
    this.announcer.stop();
  }

  /** What Turbo stores of the page is the plain form. */
  leave() {
    this.stop();
    this.enhance(false);
  }

  /** Ends what is on its way. */
  stop() {
    this.queue.stop();
    this.guard.stopWaiting();
    this.listTarget.querySelectorAll(".upload").forEach((row) => row.remove());
  }

  /** The parts for browsers without scripts give way to those with. */
  enhance(isOn) {
    this.inputTarget.name = isOn ? "" : kInputName;
    this.hintTarget.hidden = !isOn;
    const button = this.form.elements.namedItem("attach");
    if (button) button.hidden = isOn;
    this.element.classList.toggle("attachments-live", isOn);
  }

  itemTargetConnected() {
    showEnds(this.itemTargets);
  }

  itemTargetDisconnected() {
    showEnds(this.itemTargets);
  }

  // Choosing

  choose() {
    this.take([...this.inputTarget.files], 0);
    this.inputTarget.value = "";
  }

  take(files, folders) {
    if (folders > 0) this.announcer.say(this.texts.folder);
    const taken = files.filter((file) => this.add(file)).length;
    if (taken > 0) this.announcer.say(this.texts.started.replace("{n}", taken));
  }

  /** Whether the file is going to be uploaded. */
  add(file) {
    if (this.queue.has(file)) {
      this.announcer.say(`${file.name}: ${this.texts.already}`);
      return false;
    }
    this.queue.dropFailed(file);
    const row = new UploadRow(this.templateTarget, file);
    const isFull = this.itemTargets.length + this.queue.size >= this.limitValue;
    this.listTarget.append(row.element);
    if (isFull || file.size > this.maxValue) {
      this.refuse(this.queue.addRefused(file, row), isFull ? this.texts.tooMany : this.texts.tooLarge, false);
      return false;
    }
    row.say(this.texts.queued);
    this.queue.add(file, row);
    return true;
  }

  async send(file, address, tell) {
    const { send } = await loadUploads();
    const metadata = { filename: file.name, filetype: file.type, draft: this.draftValue };
    return send(file, { endpoint: kEndpoint, address, headers: this.headers, metadata }, tell);
  }

  // What the queue tells

  changed() {
    this.guard.changed();
    this.showInterrupted();
  }

  progress(upload) {
    const percent = Math.floor(upload.share * 100);
    upload.isInterrupted = false;
    upload.row.progress(upload.share);
    upload.row.say(percent === 100 ? this.texts.storing : this.texts.sending.replace("{percent}", percent));
    const quarter = Math.floor(percent / 25);
    if (quarter <= upload.milestone || percent === 100) return;
    if (this.announcer.sayProgress(`${upload.file.name} ${percent}%`)) upload.milestone = quarter;
  }

  waits(upload) {
    upload.row.say(this.texts.reconnecting);
    if (!upload.isInterrupted) this.announcer.say(`${upload.file.name}: ${this.texts.reconnecting}`);
    upload.isInterrupted = true;
  }

  /** The row becomes what the server shows for an attachment. */
  async done({ file, row }, address) {
    const response = await fetch(`${kEndpoint}/${idOf(address)}/field`, { headers: this.headers });
    if (!response.ok) throw new Error(`status ${response.status}`);
    const item = document.createRange().createContextualFragment(await response.text()).querySelector("li");
    const { hasFocus } = row;
    row.element.replaceWith(item);
    if (hasFocus) item.querySelector("input:not([type=hidden]), button").focus();
    this.announcer.say(this.texts.done.replace("{name}", file.name));
  }

  failed(upload, reason) {
    this.refuse(upload, ...reasonOf(reason, this.texts));
  }

  refuse({ file, row }, sentence, mayRetry) {
    row.failed(sentence, mayRetry);
    this.announcer.say(`${this.texts.failed.replace("{name}", file.name)} ${sentence}`);
  }

  // What can be done with a row

  retry({ currentTarget }) {
    const upload = this.queue.of(currentTarget.closest("li"));
    upload.row.again(this.texts.queued);
    this.queue.retry(upload);
  }

  cancel({ currentTarget }) {
    const upload = this.queue.of(currentTarget.closest("li"));
    const sentence = upload.state === "failed" ? this.texts.removed : this.texts.cancelled;
    const address = this.queue.cancel(upload);
    if (address) this.discard(idOf(address));
    this.takeAway(upload.row.element, sentence.replace("{name}", upload.file.name));
  }

  remove({ currentTarget }) {
    const item = currentTarget.closest("li");
    this.discard(item.dataset.id); // an attachment of a stored post stays there until the form is sent
    this.takeAway(item, this.texts.removed.replace("{name}", item.dataset.name));
  }

  up(event) {
    this.move(event, -1);
  }

  down(event) {
    this.move(event, 1);
  }

  move({ currentTarget }, by) {
    const item = currentTarget.closest("li");
    if (!move(item, by)) return;
    showEnds(this.itemTargets);
    currentTarget.focus();
    const rows = [...this.listTarget.children];
    this.announcer.say(this.texts.moved.replace("{name}", item.dataset.name).replace("{n}", rows.indexOf(item) + 1).replace("{all}", rows.length));
  }

  discardInterrupted() {
    for (const { address } of this.interrupted.forgetAll()) this.discard(idOf(address));
    this.showInterrupted();
    this.inputTarget.focus();
  }

  stopWaiting() {
    this.guard.stopWaiting();
    this.form.querySelector("[type=submit]").focus();
  }

  /** What is left of it goes with the server's next cleanup, if this request does not arrive. */
  discard(id) {
    fetch(`${kEndpoint}/uploads/${id}`, { method: "DELETE", headers: { ...this.headers, "Tus-Resumable": "1.0.0" }, keepalive: true }).catch(() => {});
  }

  /** Removes a row; the focus goes to its neighbour. */
  takeAway(row, sentence) {
    const next = row.nextElementSibling ?? row.previousElementSibling;
    const place = next?.querySelector("[data-leave]") ?? this.inputTarget;
    row.remove();
    place.focus();
    this.announcer.say(sentence);
  }

  // Notices

  show(sentence, mayStop = false) {
    this.waitingTarget.hidden = !sentence;
    this.waitingTextTarget.textContent = sentence;
    this.stopWaitingTarget.hidden = !mayStop;
    if (sentence && sentence !== this.shown) this.announcer.say(sentence);
    this.shown = sentence;
  }

  showInterrupted() {
    const names = this.interrupted.all().map(({ name }) => name);
    this.interruptedTarget.hidden = names.length === 0;
    this.interruptedTextTarget.textContent = this.texts.interrupted.replace("{names}", names.join(", "));
  }
};

export function start({ application, Controller, ...parts }) {
  application.register("attachments", attachments(Controller, parts));
}
