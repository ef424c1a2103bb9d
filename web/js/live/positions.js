// Positions of topics: "p34:5" has all changes of post 34 up to number 5. Several are a Map from topics to numbers.

export const parse = (text) =>
  new Map([...text.matchAll(/([a-z]\d+):(\d+)/g)].map(([, topic, number]) => [topic, Number(number)]));

export const format = (positions) => [...positions].map(([topic, number]) => `${topic}:${number}`).join(",");

const elements = () => [...document.querySelectorAll("[data-live]")];

/** The positions of the document, out of all its data-live. */
export const ofDocument = () => parse(elements().map((element) => element.dataset.live).join());

/** Writes positions into the document, so that a page out of Turbo's cache still has them. */
export function write(positions) {
  for (const element of elements()) {
    const topics = [...parse(element.dataset.live).keys()];
    element.dataset.live = format(topics.map((topic) => [topic, positions.get(topic)]));
  }
}

/**
 * Advances `positions` by an event that moved its stream from `before` to `after`; true when any of them moved. Other positions
 * stay: theirs is a newer page, which has the event already, or an older one, which lacks something before it.
 * A `reload` sets the positions of all its topics, whatever was missed.
 */
export function follow(positions, { before, after, reload }) {
  let moved = false;
  for (const [topic, number] of positions) {
    const to = after.get(topic);
    const moves = reload ? to !== undefined && to !== number : to > number && before.get(topic) <= number;
    if (!moves) continue;
    positions.set(topic, to);
    moved = true;
  }
  return moved;
}
