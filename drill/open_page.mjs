// What one open page received, compared with what PostgreSQL holds.

/**
 * @param {Array} expected  the items that should have come, in their order; none twice
 * @param {Array} received  the items that came, in their order
 * @returns {{missed: number, twice: number, disordered: number, unexpected: number}} `unexpected` should not have come at all
 */
export function compare(expected, received) {
  const indexes = new Map(expected.map((item, i) => [item, i]));
  const distinct = new Set();
  let twice = 0, disordered = 0, unexpected = 0, furthest = -1;
  for (const item of received) {
    const index = indexes.get(item);
    if (index === undefined) unexpected++;
    else if (distinct.has(item)) twice++;
    else if (index < furthest) disordered++;
    else furthest = index;
    distinct.add(item);
  }
  return { missed: expected.filter((item) => !distinct.has(item)).length, twice, disordered, unexpected };
}

/** "p34:5,u7:41" as a map from topics to positions. */
export const positionsOf = (text) => new Map(text.split(',').map((pair) => pair.split(':')).map(([topic, number]) => [topic, Number(number)]));

// The items in an event's data, for each kind of topic. A notification's announcement has no id.
const itemsOf = {
  p: (data) => [...data.matchAll(/<turbo-stream action="comment"[^>]* comment="(\d+)"/g)].map(([, id]) => Number(id)),
  b: (data) => [...data.matchAll(/<turbo-stream action="news"[^>]* number="(\d+)"/g)].map(([, number]) => Number(number)),
  u: (data) => [...data.matchAll(/<turbo-stream action="announce" text=/g)].map(() => 'notification'),
};

const maxBellCount = 99;
const bellOf = (data) => /class="bell-count"[^>]*>([^<]+)</.exec(data)?.[1] ?? '0';
const bellFor = (unread) => (unread > maxBellCount ? `${maxBellCount}+` : String(unread));
// Announcements have no ids: the first that came counts as the first that was expected.
const indexesOf = (list) => list.map((_, i) => i);

/** What an open page received of each of its topics, from the positions with which it was loaded. */
export class Page {
  reloads = 0;
  backward = 0;  // events whose number is not above the one before

  constructor(topics) {
    this.positions = positionsOf(topics);
    this.topics = new Map([...this.positions].map(([topic, number]) => [topic, { from: number, received: [], bell: undefined }]));
  }

  receive({ event, id, data }) {
    if (!id) return;  // a transient message has no position
    const now = positionsOf(id);
    if (event === 'reload') {
      // A person's page reloads and then shows everything up to this position. Earlier items cannot be compared any more.
      this.reloads++;
      for (const [topic, number] of now) this.topics.set(topic, { from: number, received: [], bell: undefined });
      this.positions = now;
      return;
    }
    for (const [topic, number] of now) {
      const before = this.positions.get(topic);
      if (number < before) this.backward++;
      if (number <= before) continue;
      const state = this.topics.get(topic);
      state.received.push(...itemsOf[topic[0]](data));
      if (topic[0] === 'u') state.bell = bellOf(data);
    }
    this.positions = now;
  }

  hasCaughtUp(stored) { return [...this.positions].every(([topic, number]) => number >= stored[topic].number); }

  /**
   * Sums of compare() over its topics, and a remark for each topic whose items differ from those of PostgreSQL.
   * @param {Record<string, {number: number, items: Array, unread?: number}>} stored  items: [number, item], ascending
   */
  compareWith(stored) {
    const sum = { missed: 0, twice: 0, disordered: this.backward, received: 0, remarks: [] };
    for (const [topic, { from, received, bell }] of this.topics) {
      const { number, items, unread } = stored[topic];
      const expected = items.filter(([at]) => at > from).map(([, item]) => item);
      const got = topic[0] === 'u' ? compare(indexesOf(expected), indexesOf(received)) : compare(expected, received);
      // The page shows the last bell that came.
      if (bell !== undefined && bell !== bellFor(unread)) got.missed++;
      if (this.positions.get(topic) !== number && got.missed === 0) got.missed++;
      sum.received += received.length;
      sum.missed += got.missed;
      sum.twice += got.twice + got.unexpected;
      sum.disordered += got.disordered;
      if (Object.values(got).some((n) => n > 0)) {
        sum.remarks.push(`${topic} from ${from} to ${this.positions.get(topic)} of ${number}: ${JSON.stringify(got)}, bell ${bell} for ${unread}`);
      }
    }
    return sum;
  }
}
