import { Controller } from "@hotwired/stimulus";

const kEvery = 10_000; // ms: the interval of the samples

// The charts of the last hour; without a script the page has a table.
export default class extends Controller {
  static values = { url: String };
  static targets = ["chart"];

  async connect() {
    this.disconnected = false;
    this.charts = [];
    this.resize = () => this.charts.forEach((one) => one.resize());
    this.redraw = () => this.draw();
    try {
      [this.tools, this.history] = await Promise.all([import("later:charts"), this.load()]);
    } catch {
      return; // no connection: the page has the table
    }
    if (this.disconnected) return;
    this.element.hidden = false;
    this.draw();
    addEventListener("resize", this.resize);
    // The canvas has its colours drawn in, so a new mode needs a redraw.
    this.modes = new MutationObserver(this.redraw);
    this.modes.observe(document.documentElement, { attributes: true });
    this.dark = matchMedia("(prefers-color-scheme: dark)");
    this.dark.addEventListener("change", this.redraw);
    this.timer = setInterval(() => this.refresh(), kEvery);
  }

  /** The visitor paused or resumed the figures of this page. */
  pause({ detail }) {
    this.stopped = detail;
  }

  disconnect() {
    this.disconnected = true;
    clearInterval(this.timer);
    removeEventListener("resize", this.resize);
    this.modes?.disconnect();
    this.dark?.removeEventListener("change", this.redraw);
    this.charts.splice(0).forEach((one) => one.destroy());
    this.element.hidden = true;
  }

  async load() {
    const answer = await fetch(this.urlValue, { cache: "no-store" });
    if (!answer.ok) throw new Error(answer.status);
    return answer.json();
  }

  async refresh() {
    if (document.hidden || this.stopped) return;
    try {
      this.history = await this.load();
    } catch {
      return;
    }
    this.charts.forEach((one) => one.set(this.history));
  }

  draw() {
    if (this.disconnected) return;
    this.charts.splice(0).forEach((one) => one.destroy());
    this.charts = this.chartTargets.map((figure) => this.tools.chart(figure, this.history));
  }
}
