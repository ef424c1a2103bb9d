// Streams of GET /events as a browser follows them (WHATWG HTML 9.2); the test controls every header and every break.
import http from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';

/** One answer to GET /events, on a connection of its own. With `onEvent` the events go there and are not collected. */
export class Stream {
  events = [];   // {id, event, data}
  id;            // the Last-Event-ID of a browser that reconnects
  retry = null;  // ms, the latest that the server asked for
  over = false;
  heartbeats = 0;
  #rest = '';
  #onEvent;

  constructor(response, onEvent = (event) => this.events.push(event)) {
    this.response = response;
    this.#onEvent = onEvent;
    this.status = response.statusCode;
    this.headers = response.headers;
    this.server = response.headers['x-served-by'];
    response.setEncoding('utf8');
    response.on('data', (text) => this.#parse(text));
    response.on('error', () => {});  // cut off: 'close' follows
    this.ended = new Promise((resolve) => response.on('close', resolve)).then(() => { this.over = true; });
  }

  /** All data of the stream's events, in their order. */
  get text() { return this.events.map(({ data }) => data).join('\n'); }
  /** Leaves the rest of the stream unread. */
  stopReading() { this.response.pause(); }
  resumeReading() { this.response.resume(); }
  close() { this.response.destroy(); }

  #parse(text) {
    const blocks = (this.#rest + text).split('\n\n');
    this.#rest = blocks.pop();
    for (const block of blocks) {
      const event = { event: 'message', lines: [] };
      for (const line of block.split('\n')) {
        const [, name, value] = line.match(/^([a-z]*): ?(.*)$/) ?? [];
        if (name === 'data') event.lines.push(value);
        else if (name === 'retry') this.retry = Number(value);
        else if (name) event[name] = value;
      }
      const { lines, ...rest } = event;
      if (rest.event === 'alive') this.heartbeats += 1;
      if (rest.event === 'alive' || !lines.length) continue;
      this.id = event.id ?? this.id;
      this.#onEvent({ ...rest, data: lines.join('\n') });
    }
  }
}

/**
 * Opens a stream with the cookies and the address of `client` (support/client.mjs). A refusal gives {status, headers, text, json}.
 * @param {string} topics  "p34:5,u7:41"
 * @returns {Promise<Stream | object>}
 */
export function follow(client, topics, { lastEventId, method = 'GET', onEvent } = {}) {
  const headers = { accept: 'text/event-stream' };
  if (client.cookies.size) headers.cookie = [...client.cookies].map((pair) => pair.join('=')).join('; ');
  if (lastEventId !== undefined) headers['last-event-id'] = lastEventId;
  const url = new URL(`/events?topics=${topics}`, client.base);
  return new Promise((resolve, reject) => {
    const request = http.request(url, { method, headers, agent: false, localAddress: client.address }, (response) => {
      if (response.statusCode === 200 && method === 'GET') return resolve(new Stream(response, onEvent));
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part) => { text += part; });
      response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, text, json: () => JSON.parse(text) }));
    });
    request.on('error', reject);
    request.end();
  });
}

/**
 * Follows as an EventSource does: after each end it waits for the time that the server asked for, and reconnects with the last
 * id. `streams` are all streams so far, the newest last; `refused` are the statuses of refusals. `onEvent` takes the events, as in
 * Stream; `afterRefusal(times)` gives the pause after so many refusals in a row, in ms.
 */
export class Follower {
  streams = [];
  refused = [];
  #stop = new AbortController();

  constructor(client, topics, { onEvent, afterRefusal } = {}) {
    Object.assign(this, { client, topics, onEvent, afterRefusal });
    this.done = this.#run();
  }

  get text() { return this.streams.map(({ text }) => text).join('\n'); }

  stop() {
    this.#stop.abort();
    this.streams.at(-1)?.close();
    return this.done;
  }

  async #run() {
    const { signal } = this.#stop;
    const { onEvent, afterRefusal } = this;
    let retry = 1000, refusals = 0, lastEventId;
    while (!signal.aborted) {
      const stream = await follow(this.client, this.topics, { lastEventId, onEvent }).catch((error) => ({ status: error.message }));
      let wait = retry;
      if (stream instanceof Stream) {
        refusals = 0;
        this.streams.push(stream);
        if (signal.aborted) stream.close();
        await stream.ended;
        lastEventId = stream.id ?? lastEventId;
        wait = retry = stream.retry ?? retry;
      } else {
        this.refused.push(stream.status);
        if (afterRefusal && typeof stream.status === 'number') wait = afterRefusal(++refusals);
      }
      await pause(wait, undefined, { signal }).catch(() => {});
    }
  }
}

/** The Turbo Stream elements in a text: their attributes, and `html`, their content. */
export function elementsOf(text) {
  return [...text.matchAll(/<turbo-stream ([^>]*)>([^]*?)<\/turbo-stream>/g)].map(([, attributes, html]) => ({
    ...Object.fromEntries([...attributes.matchAll(/([a-z-]+)="([^"]*)"/g)].map(([, name, value]) => [name, value])), html,
  }));
}
