// The visitors of a drill: each does what a person with a browser does, one thing after the other.
import { readFileSync } from 'node:fs';
import http from 'node:http';
import { randomInt, randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';

import { Client } from '../tests/support/client.mjs';
import { ownAddress } from '../tests/support/members.mjs';

const timeoutMs = 30_000;  // longer than any request takes even on a busy machine; the longest wait has a promise of its own
const maxRedirects = 3;
const refusedPauseMs = 200;
const clear = new Set([429, 503]);
const fromNginx = new Set([502, 504]);

/**
 * A browser: it keeps its connections, and sends a request again when a keep-alive connection was closed before a byte of the
 * answer came (as Chromium does, for every method).
 */
class Browser extends Client {
  constructor(base, cookies) {
    super(base, { address: ownAddress(), agent: new http.Agent({ keepAlive: true, maxSockets: 6 }), timeoutMs });
    if (cookies) this.cookies = new Map(cookies);
  }

  repeats(method, { reusedSocket, code }) { return reusedSocket && code === 'ECONNRESET'; }

  close() { this.agent.destroy(); }
}

/** One visitor. A subclass says in turn() what it does; the pages of `member`, if any, must keep showing the member's name. */
class Visitor {
  constructor(kind, base, { log, member, thinkMs, ...rest }) {
    Object.assign(this, { kind, log, member, thinkMs, ...rest });
    this.browser = new Browser(base, member?.cookies);
  }

  async run(isActive) {
    while (isActive()) {
      if (await this.turn() === 'refused') await pause(refusedPauseMs);
      await pause(this.thinkMs * (0.5 + Math.random()));
    }
    if (this.member) this.member.cookies = new Map(this.browser.cookies);
    this.browser.close();
  }

  /** Sends one request, classifies and counts it. @returns {Promise<{outcome: string, answer?: object}>} */
  async ask(method, path, options) {
    const { log, browser } = this;
    const begun = performance.now(), phase = log.phase, resent = browser.resent;
    let answer, error;
    try { answer = await browser.request(method, path, options); } catch (caught) { error = caught; }
    const ms = performance.now() - begun;
    const [outcome, why] = answer ? this.classify(answer) : ['failed', `no answer (${error.code ?? error.message})`];
    // Guests' pages may come from Nginx's cache, with the name of the server that made them earlier.
    const server = this.member ? answer?.headers['x-served-by'] : undefined;
    log.resent += browser.resent - resent;
    log.count({ kind: this.kind, method, path, outcome, why, ms, phase: phase === 'before' ? log.phase : phase, server, begun, status: answer?.status });
    return { outcome, answer };
  }

  /** ok, stale (a saved page that says so), refused (with a clear message and Retry-After) or failed. */
  classify(answer) {
    const { status, headers, text } = answer;
    if (clear.has(status) || (this.gateway && fromNginx.has(status))) {
      return /[가-힣]/.test(text) && headers['retry-after'] ? ['refused', status] : ['failed', `${status} without a message or Retry-After`];
    }
    if (this.member && (status === 401 || /^\/login/.test(answer.location ?? ''))) return this.loggedOut(`${status} ${answer.location ?? ''}`);
    if (status >= 400) return ['failed', `${status} ${/<h1[^>]*>([^<]*)|"detail":"([^"]*)/.exec(text)?.slice(1).join('') ?? ''}`];
    if (status === 200 && /^text\/html/.test(headers['content-type'])) {
      // A saved page says so; it also says to members that their login cannot be checked now.
      if (headers['x-cache'] === 'STALE') return /class="degraded"/.test(text) ? ['stale', 200] : ['failed', 'a saved page that does not say so'];
      if (/class="degraded"/.test(text)) this.log.degradedPages++;
      if (this.member?.shown && !text.includes(`account-name"><bdi>${this.member.name}<`)) return this.loggedOut('a page without the name');
    }
    return ['ok'];
  }

  loggedOut(why) {
    if (!this.log.loggedOut.has(this.member.email)) this.log.example(`${this.log.phase}: logged out: ${this.member.email}: ${why}`);
    this.log.loggedOut.add(this.member.email);
    return ['ok'];
  }

  /** Follows the redirects of an answer. */
  async follow(first) {
    let step = first;
    for (let left = maxRedirects; left > 0 && step.outcome === 'ok' && step.answer.location; left--) step = await this.ask('GET', step.answer.location);
    return step;
  }
}

export class Reader extends Visitor {
  async turn() {
    return (await this.ask('GET', this.paths[randomInt(this.paths.length)])).outcome;
  }
}

// A full queue of password checks has a message of its own; it is no failure.
const busyMessage = /\[login\][^[]*?\nbusy = "([^"]+)"/.exec(readFileSync(new URL('../src/text/ko.toml', import.meta.url), 'utf8'))[1];

/** Logs in, gets a page, and logs out; each time from another device, as many members would. */
export class LoginVisitor extends Visitor {
  classify(answer) {
    const busy = answer.status === 503 && answer.text.includes(busyMessage) && answer.headers['retry-after'];
    return busy ? ['ok', 'busy'] : super.classify(answer);
  }

  /** Logs in; tries again while the queue is full, for as long as a person waits. */
  async login() {
    const form = { email: this.account.email, password: this.account.password };
    for (const begun = performance.now(); ;) {
      const step = await this.ask('POST', '/login', { form });
      if (step.answer?.status !== 503 || step.outcome !== 'ok') return step;
      if (performance.now() - begun > timeoutMs) return { outcome: 'refused' };
      await pause(refusedPauseMs);
    }
  }

  async turn() {
    this.browser.close();
    this.browser = new Browser(this.browser.base);
    const step = await this.follow(await this.login());
    if (step.outcome !== 'ok') return step.outcome;
    if (!step.answer.text.includes(`account-name"><bdi>${this.account.name}<`)) this.log.example(`${this.log.phase}: a login that did not hold`);
    return (await this.follow(await this.ask('POST', '/logout'))).outcome;
  }
}

/** Writes. A write that was not answered as done is sent again unchanged, with its idempotency key, until it is done. */
class Writer extends Visitor {
  async turn() {
    this.pending ??= await this.prepare();
    if (!this.pending) return 'refused';
    const { id, path, options } = this.pending;
    this.log.begin(id, this.write);
    const step = await this.ask('POST', path, options);
    if (step.outcome !== 'ok' || this.log.loggedOut.has(this.member.email)) {
      if (step.outcome === 'refused' && options.form && !step.answer.text.includes(id)) this.log.textLost++;
      return step.outcome;
    }
    this.pending = undefined;
    this.log.done(id, this.rowOf(step.answer));
    return this.checkPage(id, step);
  }

  /** The page that a write redirects to must show it. */
  async checkPage(id, step) {
    const { outcome, answer } = await this.follow(step);
    if (outcome === 'ok' && !answer.text.includes(id)) this.log.example(`${this.log.phase}: the page after writing ${id} does not show it`);
    return outcome;
  }

  rowOf() { return undefined; }
  async keyOfForm(path, before = '') {
    const { outcome, answer } = await this.ask('GET', path);
    if (outcome !== 'ok') return undefined;  // also a saved page: its form belongs to no member
    return new RegExp(`${before}[^]*?name="once" value="([^"]+)"`).exec(answer.text)?.[1];
  }
}

export class PostWriter extends Writer {
  write = 'post';
  async prepare() {
    const path = `/boards/${this.board}/write`;
    const key = await this.keyOfForm(path, `action="${path}"`);
    const id = this.log.newId();
    return key && { id, path, options: { form: { once: key, title: id, content: `훈련 글 ${id}` } } };
  }
  rowOf({ location }) { return Number(/\/(\d+)(?:\?|$)/.exec(location ?? '')?.[1]) || undefined; }
}

export class CommentWriter extends Writer {
  write = 'comment';
  async prepare() {
    const path = `/posts/${this.post}/comments`;
    const key = await this.keyOfForm(`/boards/${this.board}/${this.post}`, `action="${path}"`);
    const id = this.log.newId();
    return key && { id, path, options: { form: { once: key, content: id } } };
  }
  rowOf({ location }) { return Number(/#c(\d+)$/.exec(location ?? '')?.[1]) || undefined; }
}

/** Writes posts and comments in turn by the JSON API, with an Idempotency-Key. */
export class ApiWriter extends Writer {
  async prepare() {
    this.write = this.write === 'post' ? 'comment' : 'post';
    const id = this.log.newId();
    const headers = { 'idempotency-key': randomUUID() };
    const post = { path: `/api/v1/boards/${this.board}/posts`, options: { headers, json: { title: id, content: `훈련 글 ${id}` } } };
    const comment = { path: `/api/v1/posts/${this.posts[randomInt(this.posts.length)]}/comments`, options: { headers, json: { content: id } } };
    return { id, ...(this.write === 'post' ? post : comment) };
  }
  rowOf(answer) { return answer.json().id; }
}

/** Hides and restores a post in the Admin; the audit log's reason is the id. */
export class Staff extends Writer {
  write = 'act';
  hidden = false;
  async prepare() {
    const path = `/posts/${this.post}/${this.hidden ? 'restore' : 'hide'}`;
    const key = await this.keyOfForm(`/posts/${this.post}`);
    const id = this.log.newId();
    return key && { id, path, options: { form: { once: key, reason: id } } };
  }
  async checkPage(id, step) {
    this.hidden = !this.hidden;
    return super.checkPage(id, step);
  }
}
