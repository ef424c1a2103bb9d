import { Controller } from "@hotwired/stimulus";
import { renderStreamMessage } from "@hotwired/turbo";

const kEvery = 2000; // ms: the interval of the servers' heartbeats
const kTimeout = 5000; // ms

// Refreshes the figures while the page is visible and not paused. Turbo changes only what differs, so the focus, the scroll
// position of a table and unfolded details stay.
export default class extends Controller {
  static values = { url: String };
  static targets = ["bar", "pause", "paused", "late"];

  connect() {
    this.stopped = false;
    this.barTarget.hidden = false;
    this.next();
  }

  disconnect() {
    clearTimeout(this.timer);
    this.request?.abort();
  }

  pause() {
    this.stopped = !this.stopped;
    this.pauseTarget.setAttribute("aria-pressed", String(this.stopped));
    this.pausedTarget.hidden = !this.stopped;
    this.dispatch("paused", { target: document, detail: this.stopped });
    if (!this.stopped) this.ask();
  }

  next() {
    this.timer = setTimeout(() => this.refresh(), kEvery);
  }

  async refresh() {
    if (!document.hidden && !this.stopped) await this.ask();
    if (this.element.isConnected) this.next();
  }

  async ask() {
    this.request = new AbortController();
    const timeout = setTimeout(() => this.request.abort(), kTimeout);
    let fresh = false;
    try {
      const answer = await fetch(this.urlValue, { cache: "no-store", signal: this.request.signal, redirect: "error" });
      fresh = answer.ok;
      if (fresh && this.element.isConnected) renderStreamMessage(await answer.text());
    } catch {
      // shown below, and tried again
    }
    clearTimeout(timeout);
    this.lateTarget.hidden = fresh;
  }
}
