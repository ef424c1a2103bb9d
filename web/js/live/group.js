import { follow, format, parse } from "./positions.js";
import { Stream, isForbidden } from "./stream.js";

const kName = "minschool.live";
const kMaxTopics = 8; // the server's limit
const kSettleMs = 700; // pages that are left sooner open no stream
const kSettleJitterMs = 300; // browsers that got the same event do not all reconnect at once
const kAnswerMs = 5_000; // a leader that takes longer is frozen

/**
 * All tabs of a browser share one stream. The tab that holds a Web Lock leads: it has the stream, knows the positions of every
 * tab, and broadcasts each event to all. When it is closed, the browser gives the lock to another tab, which asks the others for
 * their positions. When it does not answer (phones freeze tabs), a visible tab steals the lock.
 * In a browser without locks every visible tab leads itself.
 */
export class Group {
  #me = Math.random().toString(36).slice(2);
  #page;
  #loaded = 0; // when this tab loaded its page
  #channel = null;
  #leads = false;
  #release = () => {}; // releases the lock, or stops waiting for it
  #steal = 0; // timer
  // Only the leader uses these:
  #stream = new Stream({ onEvent: (event) => this.#broadcast(event), onRefused: () => this.#retryTopicsOneByOne() });
  #tabs = new Map(); // name → {positions, loaded}
  #topics = new Set(); // of the stream
  #forbidden = new Set(); // topics that the server refuses
  #settling = 0; // timer

  /** @param {{positions: () => Map, receive: (event: object) => void}} page the page of this tab */
  constructor(page) {
    this.#page = page;
  }

  get #isVisible() {
    return document.visibilityState === "visible";
  }

  join() {
    if (navigator.locks && window.BroadcastChannel) {
      this.#channel = new BroadcastChannel(kName);
      this.#channel.onmessage = ({ data }) => this.#onMessage(data);
      this.#request();
    }
    this.arrive();
  }

  /** The tab is closed, or goes into the back/forward cache. */
  leave() {
    this.#post({ left: this.#me });
    this.#release();
    this.#retire();
    clearTimeout(this.#steal);
    this.#channel?.close();
    this.#channel = null;
  }

  /** This tab has a new page. */
  arrive() {
    this.#loaded = Date.now();
    this.report();
  }

  /** Reports the positions of this tab: with a new page, to a new leader, and when something is missing. */
  report() {
    if (!this.#channel) this.#leadAlone();
    const tab = { name: this.#me, positions: format(this.#page.positions()), loaded: this.#loaded };
    if (this.#leads) return this.#addTab(tab);
    this.#post({ tab });
    clearTimeout(this.#steal);
    if (this.#channel && this.#isVisible) this.#steal = setTimeout(() => this.#request({ steal: true }), kAnswerMs);
  }

  #post(message) {
    this.#channel?.postMessage(message);
  }

  #onMessage({ tab, left, ask, ack, event }) {
    if (event) this.#page.receive(event);
    if (ack === this.#me) clearTimeout(this.#steal);
    if (ask) this.report();
    if (!this.#leads) return;
    if (left && this.#tabs.delete(left)) this.#settle();
    if (tab) {
      this.#addTab(tab);
      this.#post({ ack: tab.name });
    }
  }

  #request(options) {
    this.#release();
    const waiting = new AbortController();
    let wanted = true;
    const held = new Promise((resolve) => {
      this.#release = () => {
        wanted = false;
        waiting.abort();
        resolve();
      };
    });
    const lead = () => {
      this.#lead();
      this.report();
      this.#post({ ask: true });
      return held;
    };
    navigator.locks.request(kName, options ?? { signal: waiting.signal }, lead).catch(() => {
      if (!wanted) return;
      // Another tab stole it.
      this.#retire();
      this.#request();
      this.report();
    });
  }

  #lead() {
    this.#leads = true;
    clearTimeout(this.#steal);
  }

  #leadAlone() {
    if (this.#isVisible) this.#lead();
    else this.#retire();
  }

  #retire() {
    this.#leads = false;
    clearTimeout(this.#settling);
    this.#stream.close();
    this.#tabs.clear();
  }

  #addTab({ name, positions, loaded }) {
    const before = this.#tabs.get(name);
    if (before?.loaded === loaded && format(before.positions) === positions) return;
    const tab = { positions: parse(positions), loaded };
    this.#tabs.set(name, tab);
    if (before?.loaded !== loaded) for (const topic of tab.positions.keys()) this.#forbidden.delete(topic);
    this.#settle();
  }

  #settle() {
    clearTimeout(this.#settling);
    this.#settling = setTimeout(() => {
      const wanted = this.#union();
      const suffices = this.#stream.isOpen && [...wanted].every(([topic, number]) => this.#topics.has(topic) && !(this.#stream.at.get(topic) > number));
      if (!suffices || wanted.size === 0) this.#open(wanted);
    }, kSettleMs + Math.random() * kSettleJitterMs);
  }

  #open(positions) {
    this.#topics = new Set(positions.keys());
    if (positions.size > 0) this.#stream.open(positions);
    else this.#stream.close();
  }

  /** The positions of all tabs: topics of the own page first, then of newer pages; each at the position of the slowest tab. */
  #union() {
    const newest = [...this.#tabs.values()].reduce((one, other) => (other.loaded > one.loaded ? other : one), { loaded: -1 });
    const own = this.#tabs.get(this.#me);
    const tabs = [...this.#tabs.values()].sort((one, other) => (other === own) - (one === own) || other.loaded - one.loaded);
    const positions = new Map();
    for (const [topic, number] of tabs.flatMap((tab) => [...tab.positions])) {
      // The newest page knows who is logged in.
      const isFormer = topic.startsWith("u") && !newest.positions.has(topic);
      if (isFormer || this.#forbidden.has(topic) || (positions.size === kMaxTopics && !positions.has(topic))) continue;
      positions.set(topic, Math.min(number, positions.get(topic) ?? number));
    }
    return positions;
  }

  #broadcast(event) {
    for (const { positions } of this.#tabs.values()) follow(positions, event);
    this.#post({ event });
    this.#page.receive(event);
  }

  /** The server refuses a stream as a whole. So each topic is tried alone, and a forbidden one is left out until another page
   * has it. */
  async #retryTopicsOneByOne() {
    for (const position of this.#union()) if (await isForbidden(position)) this.#forbidden.add(position[0]);
    if (this.#leads && !this.#stream.isOpen) this.#open(this.#union());
  }
}
