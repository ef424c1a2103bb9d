import { format, parse } from "./positions.js";

const kFirstRetryMs = 5_000;
const kLastRetryMs = 60_000;
const kSilentMs = 30_000; // three heartbeats are missing: the connection is cut, and the browser has not noticed

const address = (positions) => `/events?topics=${format(positions)}`;

/** Whether the server refuses this one topic for good, and not because it is busy. */
export async function isForbidden(position) {
  const request = new AbortController();
  try {
    const { status } = await fetch(address([position]), { signal: request.signal });
    return [401, 403, 404].includes(status);
  } catch {
    return false;
  } finally {
    request.abort();
  }
}

/**
 * The connection to the server. After a break EventSource reconnects by itself, after the pause that the server asked for and
 * from its last position. A refusal (4xx, 5xx) ends an EventSource: `onRefused` is called after a pause that grows and has a
 * random part.
 */
export class Stream {
  at = new Map(); // topic → position
  #source = null;
  #retry = 0;
  #silence = 0;
  #refusals = 0;

  /** @param {{onEvent: (event: object) => void, onRefused: () => void}} listener */
  constructor(listener) {
    this.listener = listener;
  }

  get isOpen() {
    return this.#source !== null;
  }

  open(positions) {
    this.close();
    this.at = new Map(positions);
    const source = new EventSource(address(positions));
    source.onopen = () => {
      this.#refusals = 0;
      this.#watch();
    };
    source.addEventListener("alive", () => this.#watch());
    source.onmessage = (event) => this.#receive(event, false);
    source.addEventListener("reload", (event) => this.#receive(event, true));
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

  /** Reopens a silent stream. A browser may need a quarter of an hour to notice a cut; one that reconnects needs no help. */
  #watch() {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => {
      if (this.#source?.readyState === EventSource.OPEN) this.open(this.at);
    }, kSilentMs);
  }

  #receive({ lastEventId, data }, reload) {
    const before = this.at;
    // A transient message (somebody types) has no position and does not move the stream; it may be the first event.
    if (lastEventId) this.at = parse(lastEventId);
    this.listener.onEvent({ before, after: this.at, data, reload });
  }

  #refuse() {
    this.close();
    const longest = Math.min(kLastRetryMs, kFirstRetryMs * 2 ** ++this.#refusals);
    this.#retry = setTimeout(() => this.listener.onRefused(), kFirstRetryMs + Math.random() * (longest - kFirstRetryMs));
  }
}
