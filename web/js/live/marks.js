// How far a topic is known: "p34:5" has all changes of post 34 up to number 5. Several marks are a Map of topic and number.

export const parse = (text) =>
  new Map([...text.matchAll(/([a-z]\d+):(\d+)/g)].map(([, topic, number]) => [topic, Number(number)]));

export const format = (marks) => [...marks].map(([topic, number]) => `${topic}:${number}`).join(",");

const marked = () => [...document.querySelectorAll("[data-live]")];

/** Where the document stands: what all its data-live say. */
export const ofDocument = () => parse(marked().map((element) => element.dataset.live).join());

/** Writes it into the document, so that a page out of Turbo's memory still knows how far it had come. */
export function write(marks) {
  for (const element of marked()) {
    const topics = [...parse(element.dataset.live).keys()];
    element.dataset.live = format(topics.map((topic) => [topic, marks.get(topic)]));
  }
}

/**
 * Moves `marks` on by an event, which led its stream from `before` to `after`; true when it was anything for them. Who
 * stands elsewhere stays: it knows more already (its page is younger), or it misses something first (its page is older).
 * A `reload` is different: all of its topics stand now where it says, whatever was missed.
 */
export function follow(marks, { before, after, reload }) {
  let concerned = false;
  for (const [topic, number] of marks) {
    const to = after.get(topic);
    const moves = reload ? to !== undefined && to !== number : to > number && before.get(topic) <= number;
    if (!moves) continue;
    marks.set(topic, to);
    concerned = true;
  }
  return concerned;
}
