// Streams of GET /events as a browser follows them (WHATWG HTML 9.2), but every header and every break is the test's.
import http from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';

/** One answer to GET /events, on a connection of its own. */
export class Stream {
  events = [];   // {id, event, data}
  retry = null;  // ms, as it was said last
  over = false;
  #rest = '';

  constructor(response) {
    this.response = response;
    this.status = response.statusCode;
    this.headers = response.headers;
    this.server = response.headers['x-served-by'];
    response.setEncoding('utf8');
    response.on('data', (text) => this.#hear(text));
    response.on('error', () => {});  // cut off: 'close' follows
    this.ended = new Promise((resolve) => response.on('close', resolve)).then(() => { this.over = true; });
  }

  /** The id that a browser would come back with. */
  get id() { return this.events.findLast(({ id }) => id)?.id; }
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
      if (lines.length) this.events.push({ ...rest, data: lines.join('\n') });
    }
  }
}

/**
 * Opens a stream as `client` (support/client.mjs), whose cookies and address it has. Refused: {status, headers, text, json}.
 * @param {string} topics  "p34:5,u7:41"
 * @returns {Promise<Stream | object>}
 */
export function follow(client, topics, { lastEventId, method = 'GET' } = {}) {
  const headers = { accept: 'text/event-stream' };
  if (client.cookies.size) headers.cookie = [...client.cookies].map((pair) => pair.join('=')).join('; ');
  if (lastEventId !== undefined) headers['last-event-id'] = lastEventId;
  const url = new URL(`/events?topics=${topics}`, client.base);
  return new Promise((resolve, reject) => {
    const request = http.request(url, { method, headers, agent: false, localAddress: client.address }, (response) => {
      if (response.statusCode === 200 && method === 'GET') return resolve(new Stream(response));
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
 * all of them so far, the newest last; `refused` what was answered instead of one.
 */
export class Follower {
  streams = [];
  refused = [];
  #stopped = false;

  constructor(client, topics) {
    this.client = client;
    this.topics = topics;
    this.done = this.#run();
  }

  get text() { return this.streams.map(({ text }) => text).join('\n'); }

  stop() {
    this.#stopped = true;
    this.streams.at(-1)?.close();
    return this.done;
  }

  async #run() {
    let retry = 1000;
    while (!this.#stopped) {
      const lastEventId = this.streams.findLast(({ id }) => id)?.id;
      const stream = await follow(this.client, this.topics, { lastEventId }).catch((error) => ({ status: error.message }));
      if (stream instanceof Stream) {
        this.streams.push(stream);
        if (this.#stopped) stream.close();
        await stream.ended;
        retry = stream.retry ?? retry;
      } else {
        this.refused.push(stream.status);
      }
      await pause(retry);
    }
  }
}

/** The Turbo Stream elements in what was sent: their attributes, and `html`, what is between their tags. */
export function elementsOf(text) {
  return [...text.matchAll(/<turbo-stream ([^>]*)>([^]*?)<\/turbo-stream>/g)].map(([, attributes, html]) => ({
    ...Object.fromEntries([...attributes.matchAll(/([a-z-]+)="([^"]*)"/g)].map(([, name, value]) => [name, value])), html,
  }));
}
