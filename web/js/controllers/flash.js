import { Controller } from "@hotwired/stimulus";

const kReadingTime = 8000; // ms: enough to read the longest message twice

// A message about the visitor's last action. It disappears by itself, but never while it is pointed at or focused.
export default class extends Controller {
  connect() {
    this.resume();
  }

  disconnect() {
    this.pause();
  }

  pause() {
    clearTimeout(this.timer);
  }

  resume() {
    this.pause();
    this.timer = setTimeout(() => this.close(), kReadingTime);
  }

  close() {
    this.element.remove();
  }
}
