import { Controller } from "@hotwired/stimulus";

// A textarea as high as its text, for browsers that do not know `field-sizing: content` (css/forms.css) yet.
export default class extends Controller {
  connect() {
    if (CSS.supports("field-sizing", "content")) return;
    this.fit = this.fit.bind(this);
    this.element.addEventListener("input", this.fit);
    this.fit();
  }

  disconnect() {
    this.element.removeEventListener("input", this.fit);
  }

  fit() {
    const { style } = this.element;
    style.height = "auto";
    style.height = `${this.element.scrollHeight + this.element.offsetHeight - this.element.clientHeight}px`;
  }
}
