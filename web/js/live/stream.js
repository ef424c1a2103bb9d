import { format, parse } from "./marks.js";

const kFirstRetryMs = 5_000;
const kLastRetryMs = 60_000;
const kSilentMs = 30_000; // three signs of life did not come: the way to the server is cut, and nobody told the browser

const address = (marks) => `/events?topics=${format(marks)}`;

/** Whether the server refuses this one mark for good, and not because it is busy. */
export async function isForbidden(mark) {
  const question = new AbortController();
  try {
    const { status } = await fetch(address([mark]), { signal: question.signal });
    return [401, 403, 404].includes(status);
  } catch {
    return false;
  } finally {
    question.abort();
  }
}

/**
 * The connection to the server. A break is none of our business: EventSource comes back by itself, after the pause that
 * the server asked for, with where it stood. A refusal (4xx, 5xx) ends an EventSource: `refused` is called after a pause
 * that grows, and is different in each browser.
 */
export class Stream {
  at = new Map(); // where it stands
  #source = null;
  #retry = 0;
  #silence = 0;
  #refusals = 0;

  /** @param {{heard: (event: object) => void, refused: () => void}} listener */
  constructor(listener) {
    this.listener = listener;
  }

  get isOpen() {
    return this.#source !== null;
  }

  open(marks) {
    this.close();
    this.at = new Map(marks);
    const source = new EventSource(address(marks));
    source.onopen = () => {
      this.#refusals = 0;
      this.#listen();
    };
    source.addEventListener("alive", () => this.#listen());
    source.onmessage = (event) => this.#hear(event, false);
    source.addEventListener("reload", (event) => this.#hear(event, true));
    source.onerror = () => {
      if (source.readyState === EventSource.CLOSED) this.#refuse();
    };
    this.#source = source;
  }

  close() {
    clearTimeout(this.#retry);
    clearTimeout(this.#silence);
    this.#source?.close();
    this.#source = null;
  }

  /** A browser that finds out by itself may take a quarter of an hour; while it comes back it needs no help. */
  #listen() {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => {
      if (this.#source?.readyState === EventSource.OPEN) this.open(this.at);
    }, kSilentMs);
  }

  #hear({ lastEventId, data }, reload) {
    const before = this.at;
    // What has no number (who is typing) does not move the stream, and may be the first that it says.
    if (lastEventId) this.at = parse(lastEventId);
    this.listener.heard({ before, after: this.at, data, reload });
  }

  #refuse() {
    this.close();
    const longest = Math.min(kLastRetryMs, kFirstRetryMs * 2 ** ++this.#refusals);
    this.#retry = setTimeout(() => this.listener.refused(), kFirstRetryMs + Math.random() * (longest - kFirstRetryMs));
  }
}
