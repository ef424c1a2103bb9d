import { Controller } from "@hotwired/stimulus";

// On a phone a button unfolds the menu.
export default class extends Controller {
  static targets = ["toggle"];

  toggle() {
    this.unfold(!this.open);
  }

  fold() {
    if (!this.open) return;
    this.unfold(false);
    this.toggleTarget.focus();
  }

  get open() {
    return this.toggleTarget.getAttribute("aria-expanded") === "true";
  }

  unfold(open) {
    this.toggleTarget.setAttribute("aria-expanded", String(open));
  }
}
