import { Controller } from "@hotwired/stimulus";

// Keeps what is typed into a form until it was sent, so that a closed tab or a lost connection costs nothing. Per tab
// (sessionStorage): on a shared computer the next person does not find it.
export default class extends Controller {
  static values = { key: String };
  static targets = ["notice"];

  connect() {
    this.save = this.save.bind(this);
    this.sent = this.sent.bind(this);
    this.element.addEventListener("input", this.save);
    this.element.addEventListener("turbo:submit-end", this.sent);
    this.restore();
  }

  disconnect() {
    this.element.removeEventListener("input", this.save);
    this.element.removeEventListener("turbo:submit-end", this.sent);
  }

  discard() {
    this.forget();
    this.element.reset();
    if (this.hasNoticeTarget) this.noticeTarget.hidden = true;
    this.fields[0]?.focus();
  }

  get fields() {
    return [...this.element.querySelectorAll("textarea, input[type=text]")];
  }

  get storageKey() {
    return `minschool.draft.${this.keyValue}`;
  }

  // What the server sent wins: it is either the stored text or the text of a refused form.
  restore() {
    let draft = null;
    try {
      draft = JSON.parse(sessionStorage.getItem(this.storageKey));
    } catch {
      return;
    }
    if (!draft) return;
    const empty = this.fields.filter((field) => field.value === "" && draft[field.name]);
    for (const field of empty) field.value = draft[field.name];
    if (empty.length > 0 && this.hasNoticeTarget) this.noticeTarget.hidden = false;
  }

  save() {
    const draft = Object.fromEntries(this.fields.map((field) => [field.name, field.value]));
    try {
      if (Object.values(draft).some((text) => text !== "")) sessionStorage.setItem(this.storageKey, JSON.stringify(draft));
      else this.forget();
    } catch {
      // Storage is forbidden or full: the form works without a draft.
    }
  }

  sent({ detail }) {
    if (detail.success) this.forget();
  }

  forget() {
    try {
      sessionStorage.removeItem(this.storageKey);
    } catch {
      // Nothing was kept where storage is forbidden.
    }
  }
}
