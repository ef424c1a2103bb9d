// Streams of GET /events as a browser follows them (WHATWG HTML 9.2), but every header and every break is the test's.
import http from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';

/** One answer to GET /events, on a connection of its own. Who listens (`heard`) gets the events, and nothing is kept. */
export class Stream {
  events = [];   // {id, event, data}
  id;            // that a browser would come back with
  retry = null;  // ms, as it was said last
  over = false;
  beats = 0;     // signs of life
  #rest = '';
  #heard;

  constructor(response, heard = (event) => this.events.push(event)) {
    this.response = response;
    this.#heard = heard;
    this.status = response.statusCode;
    this.headers = response.headers;
    this.server = response.headers['x-served-by'];
    response.setEncoding('utf8');
    response.on('data', (text) => this.#hear(text));
    response.on('error', () => {});  // cut off: 'close' follows
    this.ended = new Promise((resolve) => response.on('close', resolve)).then(() => { this.over = true; });
  }

  /** All data of the stream's events, in their order. */
  get text() { return this.events.map(({ data }) => data).join('\n'); }
  /** Leaves all that comes unread from now on. */
  stopReading() { this.response.pause(); }
  readOn() { this.response.resume(); }
  close() { this.response.destroy(); }

  #hear(text) {
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
      if (rest.event === 'alive') this.beats += 1;
      if (rest.event === 'alive' || !lines.length) continue;
      this.id = event.id ?? this.id;
      this.#heard({ ...rest, data: lines.join('\n') });
    }
  }
}

/**
 * Opens a stream as `client` (support/client.mjs), whose cookies and address it has. Refused: {status, headers, text, json}.
 * @param {string} topics  "p34:5,u7:41"
 * @returns {Promise<Stream | object>}
 */
export function follow(client, topics, { lastEventId, method = 'GET', heard } = {}) {
  const headers = { accept: 'text/event-stream' };
  if (client.cookies.size) headers.cookie = [...client.cookies].map((pair) => pair.join('=')).join('; ');
  if (lastEventId !== undefined) headers['last-event-id'] = lastEventId;
  const url = new URL(`/events?topics=${topics}`, client.base);
  return new Promise((resolve, reject) => {
    const request = http.request(url, { method, headers, agent: false, localAddress: client.address }, (response) => {
      if (response.statusCode === 200 && method === 'GET') return resolve(new Stream(response, heard));
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
 * Follows as an EventSource does: after each end it waits as it was told, and comes back with the last id. `streams` are
 * all of them so far, the newest last; `refused` what was answered instead of one. `heard` takes the events, as in Stream;
 * `afterRefusal(times)` is how long it waits when it was refused so often in a row, in ms.
 */
export class Follower {
  streams = [];
  refused = [];
  #stop = new AbortController();

  constructor(client, topics, { heard, afterRefusal } = {}) {
    Object.assign(this, { client, topics, heard, afterRefusal });
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
    const { heard, afterRefusal } = this;
    let retry = 1000, refusals = 0, lastEventId;
    while (!signal.aborted) {
      const stream = await follow(this.client, this.topics, { lastEventId, heard }).catch((error) => ({ status: error.message }));
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

/** The Turbo Stream elements in what was sent: their attributes, and `html`, what is between their tags. */
export function elementsOf(text) {
  return [...text.matchAll(/<turbo-stream ([^>]*)>([^]*?)<\/turbo-stream>/g)].map(([, attributes, html]) => ({
    ...Object.fromEntries([...attributes.matchAll(/([a-z-]+)="([^"]*)"/g)].map(([, name, value]) => [name, value])), html,
  }));
}
