import { Controller } from "@hotwired/stimulus";

const kReadingTime = 8000; // ms: two calm readings of the longest message

// A message about what was just done. It goes by itself unless it reports an error (WCAG 2.2.1: what must be acted on stays),
// and never while it is pointed at or focused.
export default class extends Controller {
  static values = { stays: Boolean };

  connect() {
    if (!this.staysValue) this.resume();
  }

  disconnect() {
    this.pause();
  }

  pause() {
    clearTimeout(this.timer);
  }

  resume() {
    if (this.staysValue) return;
    this.pause();
    this.timer = setTimeout(() => this.close(), kReadingTime);
  }

  close() {
    this.element.remove();
  }
}
