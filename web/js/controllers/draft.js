import { Controller } from "@hotwired/stimulus";
import { readDrafts, writeDrafts } from "../drafts.js";
import { owner } from "../member.js";
import { age } from "../times.js";

const kSettleMs = 300;

const sameTexts = (one, other) => Object.keys(one).every((name) => one[name] === (other[name] ?? one[name]));

// Short, and the same for the same texts (FNV-1a).
function fingerprint(texts) {
  let hash = 0x811c9dc5;
  for (const letter of JSON.stringify(texts)) hash = Math.imul(hash ^ letter.codePointAt(0), 0x01000193) >>> 0;
  return hash.toString(36);
}

// Keeps what is typed into a form until it was sent, so that a closed tab, a lost connection or an ended login costs nothing.
// An empty form gets its draft back; a form that holds something, the stored text or that of a refused form, only offers it,
// with its age. The form names its draft in a field (infra/web/draft.html).
export default class extends Controller {
  static targets = ["notice", "message", "take"];

  connect() {
    this.key = this.element.elements.namedItem("draft")?.value;
    if (!this.key) return;
    this.owner = owner();
    this.base = fingerprint(this.#texts((field) => field.defaultValue));
    this.typed = this.typed.bind(this);
    this.save = this.save.bind(this);
    this.sent = this.sent.bind(this);
    this.element.addEventListener("input", this.typed);
    this.element.addEventListener("turbo:submit-end", this.sent);
    addEventListener("pagehide", this.save);
    this.#begin();
  }

  disconnect() {
    if (!this.key) return;
    this.save();
    this.element.removeEventListener("input", this.typed);
    this.element.removeEventListener("turbo:submit-end", this.sent);
    removeEventListener("pagehide", this.save);
  }

  /** The offered text takes the place of the one that is there, which is offered instead. */
  take() {
    const [offer, ...others] = this.offers;
    const now = this.#texts();
    this.offers = this.#isTyped(now) ? [{ texts: now, base: this.base, at: Date.now() }, ...others] : others;
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
      this.offers.shift();
      this.#changed();
    }
    this.#offer();
  }

  typed() {
    this.changed = true;
    clearTimeout(this.timer);
    this.timer = setTimeout(this.save, kSettleMs);
  }

  save() {
    clearTimeout(this.timer);
    if (!this.changed) return;
    this.changed = false;
    const texts = this.#texts();
    const own = this.#isTyped(texts) ? [{ texts, base: this.base, at: Date.now() }] : [];
    writeDrafts(this.owner, this.key, [...own, ...this.offers]);
  }

  sent({ detail }) {
    if (!detail.success) return;
    clearTimeout(this.timer);
    this.changed = false;
    writeDrafts(this.owner, this.key, this.offers);
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

  #begin() {
    const shown = this.#texts();
    this.restored = false;
    this.offers = readDrafts(this.owner, this.key).filter(({ texts }) => !sameTexts(shown, texts));
    const empty = Object.values(shown).every((text) => text === "");
    if (empty && this.offers.length > 0) {
      this.restored = true;
      const [draft] = this.offers.splice(0, 1);
      this.#fill(draft.texts);
      this.#say(draft, "restored");
    } else {
      this.#offer();
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
