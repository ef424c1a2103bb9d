import { follow, format, parse } from "./marks.js";
import { Stream, isForbidden } from "./stream.js";

const kName = "minschool.live";
const kMostMarks = 8; // the server's limit
const kSettleMs = 700; // who clicks through pages quickly opens nothing
const kSettleJitterMs = 300; // nor do the browsers that were told of the same thing all come at once
const kAnswerMs = 5_000; // a leader that takes longer is frozen

/**
 * All tabs of a browser share one stream. The tab that holds a Web Lock leads: it has the stream, knows where every tab
 * stands, and hands each event to all. When it is gone the browser gives the lock to another tab, which asks the others where
 * they stand. When it gives no sign of life (phones freeze tabs), a tab that is looked at takes the lock away from it.
 * Where a browser has no locks, every tab that is looked at leads itself.
 */
export class Group {
  #me = Math.random().toString(36).slice(2);
  #page;
  #loaded = 0; // when this tab got its page
  #channel = null;
  #leads = false;
  #release = () => {}; // gives the lock back, or waits for it no longer
  #silence = 0;
  // Of the leader alone:
  #stream = new Stream({ heard: (event) => this.#hand(event), refused: () => this.#sift() });
  #tabs = new Map(); // name → {marks, loaded}
  #asked = new Set(); // topics of the stream
  #forbidden = new Set(); // topics that it cannot have
  #settling = 0;

  /** @param {{marks: () => Map, hear: (event: object) => void}} page what this tab shows */
  constructor(page) {
    this.#page = page;
  }

  get #isLookedAt() {
    return document.visibilityState === "visible";
  }

  join() {
    if (navigator.locks && window.BroadcastChannel) {
      this.#channel = new BroadcastChannel(kName);
      this.#channel.onmessage = ({ data }) => this.#heard(data);
      this.#request();
    }
    this.arrive();
  }

  /** The tab is closed, or put aside for the way back to it. */
  leave() {
    this.#post({ left: this.#me });
    this.#release();
    this.#retire();
    clearTimeout(this.#silence);
    this.#channel?.close();
    this.#channel = null;
  }

  /** This tab has a new page. */
  arrive() {
    this.#loaded = Date.now();
    this.stand();
  }

  /** Tells where this tab stands: at a new page, when the leader is new, and when something is missing. */
  stand() {
    if (!this.#channel) this.#leadAlone();
    const tab = { name: this.#me, marks: format(this.#page.marks()), loaded: this.#loaded };
    if (this.#leads) return this.#note(tab);
    this.#post({ stand: tab });
    clearTimeout(this.#silence);
    if (this.#channel && this.#isLookedAt) this.#silence = setTimeout(() => this.#request({ steal: true }), kAnswerMs);
  }

  #post(message) {
    this.#channel?.postMessage(message);
  }

  #heard({ stand, left, who, here, event }) {
    if (event) this.#page.hear(event);
    if (here === this.#me) clearTimeout(this.#silence);
    if (who) this.stand();
    if (!this.#leads) return;
    if (left && this.#tabs.delete(left)) this.#settle();
    if (stand) {
      this.#note(stand);
      this.#post({ here: stand.name });
    }
  }

  #request(options) {
    this.#release();
    const waiting = new AbortController();
    let ours = true;
    const held = new Promise((resolve) => {
      this.#release = () => {
        ours = false;
        waiting.abort();
        resolve();
      };
    });
    const lead = () => {
      this.#lead();
      this.stand();
      this.#post({ who: true });
      return held;
    };
    navigator.locks.request(kName, options ?? { signal: waiting.signal }, lead).catch(() => {
      if (!ours) return;
      // Another tab took it.
      this.#retire();
      this.#request();
      this.stand();
    });
  }

  #lead() {
    this.#leads = true;
    clearTimeout(this.#silence);
  }

  #leadAlone() {
    if (this.#isLookedAt) this.#lead();
    else this.#retire();
  }

  #retire() {
    this.#leads = false;
    clearTimeout(this.#settling);
    this.#stream.close();
    this.#tabs.clear();
  }

  #note({ name, marks, loaded }) {
    const known = this.#tabs.get(name);
    if (known?.loaded === loaded && format(known.marks) === marks) return;
    const tab = { marks: parse(marks), loaded };
    this.#tabs.set(name, tab);
    if (known?.loaded !== loaded) for (const topic of tab.marks.keys()) this.#forbidden.delete(topic);
    this.#settle();
  }

  #settle() {
    clearTimeout(this.#settling);
    this.#settling = setTimeout(() => {
      const wanted = this.#union();
      const goesOn = this.#stream.isOpen && [...wanted].every(([topic, number]) => this.#asked.has(topic) && !(this.#stream.at.get(topic) > number));
      if (!goesOn || wanted.size === 0) this.#open(wanted);
    }, kSettleMs + Math.random() * kSettleJitterMs);
  }

  #open(marks) {
    this.#asked = new Set(marks.keys());
    if (marks.size > 0) this.#stream.open(marks);
    else this.#stream.close();
  }

  /** Where the group stands: own page first, then the youngest; at each topic where the tab stands that is furthest behind. */
  #union() {
    const youngest = [...this.#tabs.values()].reduce((one, other) => (other.loaded > one.loaded ? other : one), { loaded: -1 });
    const own = this.#tabs.get(this.#me);
    const tabs = [...this.#tabs.values()].sort((one, other) => (other === own) - (one === own) || other.loaded - one.loaded);
    const marks = new Map();
    for (const [topic, number] of tabs.flatMap((tab) => [...tab.marks])) {
      // The youngest page knows who is logged in.
      const isFormer = topic.startsWith("u") && !youngest.marks.has(topic);
      if (isFormer || this.#forbidden.has(topic) || (marks.size === kMostMarks && !marks.has(topic))) continue;
      marks.set(topic, Math.min(number, marks.get(topic) ?? number));
    }
    return marks;
  }

  #hand(event) {
    for (const { marks } of this.#tabs.values()) follow(marks, event);
    this.#post({ event });
    this.#page.hear(event);
  }

  /** A stream is refused as a whole. So each topic is asked for alone, and what may not be followed (any more) is left out
   * until another page has it. */
  async #sift() {
    for (const mark of this.#union()) if (await isForbidden(mark)) this.#forbidden.add(mark[0]);
    if (this.#leads && !this.#stream.isOpen) this.#open(this.#union());
  }
}
