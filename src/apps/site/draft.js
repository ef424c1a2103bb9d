import { Controller } from "@hotwired/stimulus";
import { readDrafts, replaceDrafts, sameTexts } from "../../../web/js/drafts.js";
import { owner, told } from "../../../web/js/member.js";
import { age } from "../../../web/js/times.js";

const kSettleMs = 300;

// When a draft was kept, and its name: no two tabs keep one at the same moment.
const moment = () => Date.now() + Math.random();

// Short, and the same for the same texts (FNV-1a).
function fingerprint(texts) {
  let hash = 0x811c9dc5;
  for (const letter of JSON.stringify(texts)) hash = Math.imul(hash ^ letter.codePointAt(0), 0x01000193) >>> 0;
  return hash.toString(36);
}

// Keeps what is typed into a form until it was sent, so that a closed tab, a lost connection or an ended login costs nothing.
// An empty form gets its draft back; a form that holds something, the stored text or that of a refused form, only offers it,
// with its age. The form names its draft in a field (infra/web/draft.html). Other tabs may have the same form: of what is kept
// a form replaces only what it holds itself (`held`, the moments of those drafts).
export default class extends Controller {
  static targets = ["notice", "message", "take"];

  connect() {
    this.key = this.element.elements.namedItem("draft")?.value;
    if (!this.key) return;
    this.owner = owner();
    this.base = fingerprint(this.#texts((field) => field.defaultValue));
    for (const name of ["typed", "left", "save", "sent"]) this[name] = this[name].bind(this);
    this.element.addEventListener("input", this.typed);
    this.element.addEventListener("turbo:submit-end", this.sent);
    addEventListener("pagehide", this.left);
    this.#begin();
  }

  disconnect() {
    if (!this.key) return;
    this.left();
    if (this.element.isConnected) this.#forget(); // moved below another comment, and its text with it
    this.element.removeEventListener("input", this.typed);
    this.element.removeEventListener("turbo:submit-end", this.sent);
    removeEventListener("pagehide", this.left);
  }

  /** The offered text takes the place of the one that is there, which is offered instead. */
  take() {
    const [offer, ...others] = this.offers;
    this.offers = [...this.#keep(), ...others];
    this.held = [offer.at];
    this.#fill(offer.texts);
    this.#changed();
    this.#offer();
    this.#fields[0]?.focus();
  }

  /** The offered text goes; of a form that was filled with it, what was filled in. */
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

  typed() {
    this.changed = this.isOwn = true;
    clearTimeout(this.timer);
    this.timer = setTimeout(this.save, kSettleMs);
  }

  save() {
    clearTimeout(this.timer);
    if (this.changed) this.#keep();
  }

  /** Another tab that was filled with this draft may have gone on from it, or sent it: what was typed here is kept again, unless
   * its member has left. */
  left() {
    const kept = readDrafts(this.owner, this.key);
    if (this.isOwn && told() === this.owner && !kept.some(({ at }) => this.held.includes(at))) this.changed = true;
    this.save();
  }

  sent({ detail }) {
    if (!detail.success) return;
    clearTimeout(this.timer);
    this.changed = this.isOwn = false;
    this.#forget();
  }

  get #fields() {
    return [...this.element.elements].filter(({ type, name }) => name && (type === "textarea" || type === "text"));
  }

  #texts(of = (field) => field.value) {
    return Object.fromEntries(this.#fields.map((field) => [field.name, of(field)]));
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

  /** Keeps what stands in the form, in the place of what it held before; nothing when that is what the server sent. */
  #keep() {
    const texts = this.#texts();
    const drafts = this.#isTyped(texts) ? [{ texts, base: this.base, at: moment() }] : [];
    this.changed = false;
    this.#forget(...drafts);
    return drafts;
  }

  #forget(...drafts) {
    replaceDrafts(this.owner, this.key, this.held, this.#texts(), drafts);
    this.held = drafts.map(({ at }) => at);
  }

  #begin() {
    const kept = readDrafts(this.owner, this.key);
    const [latest] = kept;
    this.restored = latest && Object.values(this.#texts()).every((text) => text === "");
    if (this.restored) this.#fill(latest.texts);
    const now = this.#texts();
    this.held = kept.filter(({ texts }) => sameTexts(now, texts)).map(({ at }) => at);
    this.offers = kept.filter(({ at }) => !this.held.includes(at));
    if (this.restored) {
      clearTimeout(this.timer);
      this.changed = this.isOwn = false; // it is another tab's, perhaps, until somebody types here
      this.#say(latest, "restored");
    } else {
      this.#offer();
      if (this.#isTyped(now)) this.typed(); // before this script was there, or below another comment
    }
  }

  #offer() {
    const [draft] = this.offers;
    if (!this.hasNoticeTarget) return;
    this.noticeTarget.hidden = !draft;
    if (draft) this.#say(draft, draft.base === this.base ? "offered" : "older");
  }

  #say(draft, how) {
    if (!this.hasNoticeTarget) return;
    this.noticeTarget.hidden = false;
    this.takeTarget.hidden = how === "restored";
    this.messageTarget.textContent = this.noticeTarget.dataset[how].replace("{age}", age(draft.at) ?? new Date(draft.at).toLocaleString("ko-KR"));
  }
}
