import { Controller } from "@hotwired/stimulus";
import { readDrafts, replaceDrafts, sameTexts } from "../../../web/js/drafts.js";
import { cookieMember, owner } from "../../../web/js/member.js";
import { age } from "../../../web/js/times.js";

const kSettleMs = 300;

// The time of a draft, which is also its id: the random part keeps two tabs from having the same.
const moment = () => Date.now() + Math.random();

// A short hash of the texts (FNV-1a).
function fingerprint(texts) {
  let hash = 0x811c9dc5;
  for (const letter of JSON.stringify(texts)) hash = Math.imul(hash ^ letter.codePointAt(0), 0x01000193) >>> 0;
  return hash.toString(36);
}

// Stores typed text until the form was sent, so that a closed tab, a lost connection or an expired login loses nothing. An empty
// form gets its draft back; a form with text, saved text or that of a refused form, only offers the draft, with its age. The
// form names its draft in a field (infra/web/draft.html). Other tabs may have the same form: each form replaces only its own
// drafts (`held`, their moments).
export default class extends Controller {
  static targets = ["notice", "message", "take"];

  connect() {
    this.key = this.element.elements.namedItem("draft")?.value;
    if (!this.key) return;
    this.owner = owner();
    this.base = fingerprint(this.#storedTexts());
    for (const name of ["input", "leave", "save", "sent"]) this[name] = this[name].bind(this);
    this.element.addEventListener("input", this.input);
    this.element.addEventListener("turbo:submit-end", this.sent);
    addEventListener("pagehide", this.leave);
    this.#begin();
  }

  disconnect() {
    if (!this.key) return;
    this.leave();
    if (this.element.isConnected) this.#replace(); // the form moved below another comment, with its text
    this.element.removeEventListener("input", this.input);
    this.element.removeEventListener("turbo:submit-end", this.sent);
    removeEventListener("pagehide", this.leave);
  }

  /** Swaps the offered text and the form's text: the latter is offered then. */
  take() {
    const [offer, ...others] = this.offers;
    this.offers = [...this.#store(), ...others];
    this.held = [offer.at];
    this.#fill(offer.texts);
    this.#changed();
    this.#offer();
    this.#fields[0]?.focus();
  }

  /** Discards the offered text, or empties a form that was filled with it. */
  discard() {
    if (this.restored) {
      this.restored = false;
      for (const field of this.#fields) field.value = field.defaultValue;
      this.#changed();
      this.#fields[0]?.focus();
    } else {
      replaceDrafts(this.owner, this.key, [this.offers.shift().at]);
    }
    this.#offer();
  }

  input() {
    this.changed = this.isOwn = true;
    clearTimeout(this.timer);
    this.timer = setTimeout(this.save, kSettleMs);
  }

  save() {
    clearTimeout(this.timer);
    if (this.changed) this.#store();
  }

  /** Another tab may have changed or sent the draft of this form: then the text that was typed here is stored again, unless its
   * member has logged out. */
  leave() {
    const drafts = readDrafts(this.owner, this.key);
    if (this.isOwn && cookieMember() === this.owner && !drafts.some(({ at }) => this.held.includes(at))) this.changed = true;
    this.save();
  }

  sent({ detail }) {
    if (!detail.success) return;
    clearTimeout(this.timer);
    this.changed = this.isOwn = false;
    this.#replace();
  }

  get #fields() {
    return [...this.element.elements].filter(({ type, name }) => name && (type === "textarea" || type === "text"));
  }

  #texts(of = (field) => field.value) {
    return Object.fromEntries(this.#fields.map((field) => [field.name, of(field)]));
  }

  /** The texts that the server has stored. An empty field says nothing: one that was added, for a file, is no change of theirs. */
  #storedTexts() {
    return Object.fromEntries(Object.entries(this.#texts((field) => field.defaultValue)).filter(([, text]) => text !== ""));
  }

  #isTyped(texts) {
    return this.#fields.some((field) => texts[field.name] !== field.defaultValue);
  }

  #fill(texts) {
    for (const field of this.#fields) {
      field.value = texts[field.name] ?? field.value;
      field.dispatchEvent(new Event("input", { bubbles: true }));
    }
  }

  #changed() {
    this.changed = true;
    this.save();
  }

  /** Stores the form's text in place of its earlier drafts; nothing when it is the text that the server sent. */
  #store() {
    const texts = this.#texts();
    const drafts = this.#isTyped(texts) ? [{ texts, base: this.base, at: moment() }] : [];
    this.changed = false;
    this.#replace(...drafts);
    return drafts;
  }

  #replace(...drafts) {
    replaceDrafts(this.owner, this.key, this.held, this.#texts(), drafts);
    this.held = drafts.map(({ at }) => at);
  }

  #begin() {
    const drafts = readDrafts(this.owner, this.key);
    const [latest] = drafts;
    this.restored = latest && Object.values(this.#texts()).every((text) => text === "");
    if (this.restored) this.#fill(latest.texts);
    const now = this.#texts();
    this.held = drafts.filter(({ texts }) => sameTexts(now, texts)).map(({ at }) => at);
    this.offers = drafts.filter(({ at }) => !this.held.includes(at));
    if (this.restored) {
      clearTimeout(this.timer);
      this.changed = this.isOwn = false; // until somebody types here, the text may belong to another tab
      this.#showNotice(latest, "restored");
    } else {
      this.#offer();
      if (this.#isTyped(now)) this.input(); // typed before this script was loaded, or below another comment
    }
  }

  #offer() {
    const [draft] = this.offers;
    if (!this.hasNoticeTarget) return;
    this.noticeTarget.hidden = !draft;
    if (draft) this.#showNotice(draft, draft.base === this.base ? "offered" : "older");
  }

  #showNotice(draft, how) {
    if (!this.hasNoticeTarget) return;
    this.noticeTarget.hidden = false;
    this.takeTarget.hidden = how === "restored";
    this.messageTarget.textContent = this.noticeTarget.dataset[how].replace("{age}", age(draft.at) ?? new Date(draft.at).toLocaleString("ko-KR"));
  }
}
