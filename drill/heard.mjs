// What one open page heard, compared with what PostgreSQL holds.

/**
 * @param {Array} expected  what should have come, in its order; nothing twice
 * @param {Array} heard     what came, in its order
 * @returns {{missed: number, twice: number, disordered: number, strange: number}} `strange` should not have come at all
 */
export function compare(expected, heard) {
  const places = new Map(expected.map((what, i) => [what, i]));
  const seen = new Set();
  let twice = 0, disordered = 0, strange = 0, furthest = -1;
  for (const what of heard) {
    const place = places.get(what);
    if (place === undefined) strange++;
    else if (seen.has(what)) twice++;
    else if (place < furthest) disordered++;
    else furthest = place;
    seen.add(what);
  }
  return { missed: expected.filter((what) => !seen.has(what)).length, twice, disordered, strange };
}

/** "p34:5,u7:41" as a map of topics to numbers. */
export const marksOf = (text) => new Map(text.split(',').map((mark) => mark.split(':')).map(([topic, number]) => [topic, Number(number)]));

// Of an event's data, for each kind of topic: what it says, one by one. A notification's announcement has no name.
const words = {
  p: (data) => [...data.matchAll(/<turbo-stream action="comment"[^>]* comment="(\d+)"/g)].map(([, id]) => Number(id)),
  b: (data) => [...data.matchAll(/<turbo-stream action="news"[^>]* number="(\d+)"/g)].map(([, number]) => Number(number)),
  u: (data) => [...data.matchAll(/<turbo-stream action="announce" text=/g)].map(() => 'told'),
};

const most = 99;  // that the bell shows
const bellOf = (data) => /class="bell-count"[^>]*>([^<]+)</.exec(data)?.[1] ?? '0';
const bellFor = (unread) => (unread > most ? `${most}+` : String(unread));
// Announcements have no names: the first that came is the first that was to come.
const inTurn = (list) => list.map((_, i) => i);

/** What an open page heard of each of its topics, from the marks with which it was loaded. */
export class Page {
  reloads = 0;
  backward = 0;  // events whose number is not above the one before

  constructor(topics) {
    this.at = marksOf(topics);
    this.topics = new Map([...this.at].map(([topic, number]) => [topic, { from: number, heard: [], bell: undefined }]));
  }

  hear({ event, id, data }) {
    if (!id) return;  // who is typing: not numbered
    const now = marksOf(id);
    if (event === 'reload') {
      // A person's page is loaded anew and shows all up to there. What came before it cannot be compared any more.
      this.reloads++;
      for (const [topic, number] of now) this.topics.set(topic, { from: number, heard: [], bell: undefined });
      this.at = now;
      return;
    }
    for (const [topic, number] of now) {
      const before = this.at.get(topic);
      if (number < before) this.backward++;
      if (number <= before) continue;
      const known = this.topics.get(topic);
      known.heard.push(...words[topic[0]](data));
      if (topic[0] === 'u') known.bell = bellOf(data);
    }
    this.at = now;
  }

  hasCaughtUp(truth) { return [...this.at].every(([topic, number]) => number >= truth[topic].number); }

  /**
   * Sums of compare() over its topics, and a sentence for each topic of which it does not show what it should.
   * @param {Record<string, {number: number, items: Array, unread?: number}>} truth  items: [number, what], ascending
   */
  judge(truth) {
    const sum = { missed: 0, twice: 0, disordered: this.backward, heard: 0, remarks: [] };
    for (const [topic, { from, heard, bell }] of this.topics) {
      const { number, items, unread } = truth[topic];
      const due = items.filter(([at]) => at > from).map(([, what]) => what);
      const got = topic[0] === 'u' ? compare(inTurn(due), inTurn(heard)) : compare(due, heard);
      // The last bell that came is the one that the page shows.
      if (bell !== undefined && bell !== bellFor(unread)) got.missed++;
      if (this.at.get(topic) !== number && got.missed === 0) got.missed++;
      sum.heard += heard.length;
      sum.missed += got.missed;
      sum.twice += got.twice + got.strange;
      sum.disordered += got.disordered;
      if (Object.values(got).some((n) => n > 0)) {
        sum.remarks.push(`${topic} from ${from} to ${this.at.get(topic)} of ${number}: ${JSON.stringify(got)}, bell ${bell} for ${unread}`);
      }
    }
    return sum;
  }
}
