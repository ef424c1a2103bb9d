// Who uses the site during a drill: each does what a person with a browser does, one thing after the other.
import { readFileSync } from 'node:fs';
import http from 'node:http';
import { randomInt, randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';

import { Client } from '../tests/support/client.mjs';
import { ownAddress } from '../tests/support/members.mjs';

const patienceMs = 30_000;  // longer than anything takes on however busy a machine; the longest wait is judged by itself
const mostRedirects = 3;
const refusedPauseMs = 200;
const clear = new Set([429, 503]);
const fromNginx = new Set([502, 504]);

/**
 * A browser: keeps its connections, and sends a request again when a kept connection turns out to be closed before a byte
 * of the answer came (as Chromium does, for every method).
 */
class Browser extends Client {
  constructor(base, cookies) {
    super(base, { address: ownAddress(), agent: new http.Agent({ keepAlive: true, maxSockets: 6 }), patienceMs });
    if (cookies) this.cookies = new Map(cookies);
  }

  repeats(method, { reusedSocket, code }) { return reusedSocket && code === 'ECONNRESET'; }

  close() { this.agent.destroy(); }
}

/** One visitor. A subclass says in turn() what it does; `member` is whose pages must keep showing the name. */
class Visitor {
  constructor(kind, base, { ledger, member, thinkMs, ...rest }) {
    Object.assign(this, { kind, ledger, member, thinkMs, ...rest });
    this.browser = new Browser(base, member?.cookies);
  }

  async run(going) {
    while (going()) {
      if (await this.turn() === 'refused') await pause(refusedPauseMs);
      await pause(this.thinkMs * (0.5 + Math.random()));
    }
    if (this.member) this.member.cookies = new Map(this.browser.cookies);
    this.browser.close();
  }

  /** Sends one request, judges and counts it. @returns {Promise<{fate: string, answer?: object}>} */
  async ask(method, path, options) {
    const { ledger, browser } = this;
    const begun = performance.now(), phase = ledger.phase, resent = browser.resent;
    let answer, error;
    try { answer = await browser.request(method, path, options); } catch (caught) { error = caught; }
    const ms = performance.now() - begun;
    const [fate, why] = answer ? this.judge(answer) : ['failed', `no answer (${error.code ?? error.message})`];
    // Guests' pages may come from Nginx's cache with the name of the server that once made them.
    const server = this.member ? answer?.headers['x-served-by'] : undefined;
    ledger.resent += browser.resent - resent;
    ledger.count({ who: this.kind, method, path, fate, why, ms, phase: phase === 'before' ? ledger.phase : phase, server, begun, status: answer?.status });
    return { fate, answer };
  }

  /** ok, stale (a saved page that says so), refused (what a person is told clearly) or failed. */
  judge(answer) {
    const { status, headers, text } = answer;
    if (clear.has(status) || (this.gateway && fromNginx.has(status))) {
      return /[가-힣]/.test(text) && headers['retry-after'] ? ['refused', status] : ['failed', `${status} without words or Retry-After`];
    }
    if (this.member && (status === 401 || /^\/login/.test(answer.location ?? ''))) return this.out(`${status} ${answer.location ?? ''}`);
    if (status >= 400) return ['failed', `${status} ${/<h1[^>]*>([^<]*)|"detail":"([^"]*)/.exec(text)?.slice(1).join('') ?? ''}`];
    if (status === 200 && /^text\/html/.test(headers['content-type'])) {
      // A saved page says so, to a member also that the login cannot be looked at now.
      if (headers['x-cache'] === 'STALE') return /class="limited"/.test(text) ? ['stale', 200] : ['failed', 'a saved page that does not say so'];
      if (/class="limited"/.test(text)) this.ledger.limitedPages++;
      if (this.member?.shown && !text.includes(`account-name"><bdi>${this.member.name}<`)) return this.out('a page without the name');
    }
    return ['ok'];
  }

  out(why) {
    if (!this.ledger.loggedOut.has(this.member.email)) this.ledger.example(`${this.ledger.phase}: logged out: ${this.member.email}: ${why}`);
    this.ledger.loggedOut.add(this.member.email);
    return ['ok'];
  }

  /** Asks for a page and goes where it leads. */
  async follow(first) {
    let step = first;
    for (let left = mostRedirects; left > 0 && step.fate === 'ok' && step.answer.location; left--) step = await this.ask('GET', step.answer.location);
    return step;
  }
}

export class Reader extends Visitor {
  async turn() {
    return (await this.ask('GET', this.paths[randomInt(this.paths.length)])).fate;
  }
}

// A queue for checking passwords that has no room says so, in its own words; it is no part that failed.
const busyWords = /\[login\][^[]*?\nbusy = "([^"]+)"/.exec(readFileSync(new URL('../src/text/ko.toml', import.meta.url), 'utf8'))[1];

/** Logs in, looks, logs out; each time from another device, as many members would. */
export class Comer extends Visitor {
  judge(answer) {
    const busy = answer.status === 503 && answer.text.includes(busyWords) && answer.headers['retry-after'];
    return busy ? ['ok', 'busy'] : super.judge(answer);
  }

  /** Asked for again while there is no room, for as long as a person waits. */
  async login() {
    const form = { email: this.account.email, password: this.account.password };
    for (const begun = performance.now(); ;) {
      const step = await this.ask('POST', '/login', { form });
      if (step.answer?.status !== 503 || step.fate !== 'ok') return step;
      if (performance.now() - begun > patienceMs) return { fate: 'refused' };
      await pause(refusedPauseMs);
    }
  }

  async turn() {
    this.browser.close();
    this.browser = new Browser(this.browser.base);
    const step = await this.follow(await this.login());
    if (step.fate !== 'ok') return step.fate;
    if (!step.answer.text.includes(`account-name"><bdi>${this.account.name}<`)) this.ledger.example(`${this.ledger.phase}: a login that did not hold`);
    return (await this.follow(await this.ask('POST', '/logout'))).fate;
  }
}

/** Writes. What was not answered as done is sent again as it is, with the form's id, until it is done. */
class Writer extends Visitor {
  async turn() {
    this.pending ??= await this.prepare();
    if (!this.pending) return 'refused';
    const { id, path, options } = this.pending;
    this.ledger.begin(id, this.write);
    const step = await this.ask('POST', path, options);
    if (step.fate !== 'ok' || this.ledger.loggedOut.has(this.member.email)) {
      if (step.fate === 'refused' && options.form && !step.answer.text.includes(id)) this.ledger.textLost++;
      return step.fate;
    }
    this.pending = undefined;
    this.ledger.done(id, this.rowOf(step.answer));
    return this.look(id, step);
  }

  /** The page that a write leads to shows it. */
  async look(id, step) {
    const { fate, answer } = await this.follow(step);
    if (fate === 'ok' && !answer.text.includes(id)) this.ledger.example(`${this.ledger.phase}: the page after writing ${id} does not show it`);
    return fate;
  }

  rowOf() { return undefined; }
  async onceOf(path, before = '') {
    const { fate, answer } = await this.ask('GET', path);
    if (fate !== 'ok') return undefined;  // also a saved page: its form is nobody's
    return new RegExp(`${before}[^]*?name="once" value="([^"]+)"`).exec(answer.text)?.[1];
  }
}

export class PostWriter extends Writer {
  write = 'post';
  async prepare() {
    const path = `/boards/${this.board}/write`;
    const once = await this.onceOf(path, `action="${path}"`);
    const id = this.ledger.newId();
    return once && { id, path, options: { form: { once, title: id, content: `훈련 글 ${id}` } } };
  }
  rowOf({ location }) { return Number(/\/(\d+)(?:\?|$)/.exec(location ?? '')?.[1]) || undefined; }
}

export class CommentWriter extends Writer {
  write = 'comment';
  async prepare() {
    const path = `/posts/${this.post}/comments`;
    const once = await this.onceOf(`/boards/${this.board}/${this.post}`, `action="${path}"`);
    const id = this.ledger.newId();
    return once && { id, path, options: { form: { once, content: id } } };
  }
  rowOf({ location }) { return Number(/^\/comments\/(\d+)/.exec(location ?? '')?.[1]) || undefined; }
}

/** By the JSON API: posts and comments in turn, with an Idempotency-Key. */
export class ApiWriter extends Writer {
  async prepare() {
    this.write = this.write === 'post' ? 'comment' : 'post';
    const id = this.ledger.newId();
    const headers = { 'idempotency-key': randomUUID() };
    const post = { path: `/api/v1/boards/${this.board}/posts`, options: { headers, json: { title: id, content: `훈련 글 ${id}` } } };
    const comment = { path: `/api/v1/posts/${this.posts[randomInt(this.posts.length)]}/comments`, options: { headers, json: { content: id } } };
    return { id, ...(this.write === 'post' ? post : comment) };
  }
  rowOf(answer) { return answer.json().id; }
}

/** In the Admin: hides a post and restores it; the audit log's reason is the id. */
export class Staff extends Writer {
  write = 'act';
  hidden = false;
  async prepare() {
    const path = `/posts/${this.post}/${this.hidden ? 'restore' : 'hide'}`;
    const once = await this.onceOf(`/posts/${this.post}`);
    const id = this.ledger.newId();
    return once && { id, path, options: { form: { once, reason: id } } };
  }
  async look(id, step) {
    this.hidden = !this.hidden;
    return super.look(id, step);
  }
}
