import { Controller } from "@hotwired/stimulus";

const kReadingTime = 8000; // ms: two calm readings of the longest message

// A message about what was just done. It goes by itself, and never while it is pointed at or focused.
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
