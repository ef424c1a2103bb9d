import { Controller } from "@hotwired/stimulus";
import { renderStreamMessage } from "@hotwired/turbo";

const kEvery = 2000; // ms; servers tell of themselves as often
const kPatience = 5000;

// The figures anew, as long as the page is looked at and nobody stopped it. Turbo changes only what differs, so that who reads a table or has the
// focus on a link is left alone; what the visitor unfolded stays so.
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
    const patience = setTimeout(() => this.request.abort(), kPatience);
    let fresh = false;
    try {
      const answer = await fetch(this.urlValue, { cache: "no-store", signal: this.request.signal, redirect: "error" });
      fresh = answer.ok;
      if (fresh && this.element.isConnected) renderStreamMessage(await answer.text());
    } catch {
      // said below, and asked again
    }
    clearTimeout(patience);
    this.lateTarget.hidden = fresh;
  }
}
