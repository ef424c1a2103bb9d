// What happens to uploads, for screen readers: sentences of one moment come together, and progress only when nothing was said for a
// while.

const kTogetherMs = 600;
const kQuietMs = 5000;
const kMaxSentences = 3; // sentences at once

export class Announcer {
  constructor(region) {
    this.region = region;
    this.sentences = [];
    this.last = 0;
  }

  say(sentence) {
    this.sentences.push(sentence);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.#flush(), kTogetherMs);
  }

  /** Whether progress was said. */
  sayProgress(sentence) {
    if (this.sentences.length > 0 || Date.now() - this.last < kQuietMs) return false;
    this.sentences.push(sentence);
    this.#flush();
    return true;
  }

  stop() {
    clearTimeout(this.timer);
  }

  #flush() {
    this.region.textContent = this.sentences.splice(0).slice(-kMaxSentences).join(" ");
    this.last = Date.now();
  }
}
