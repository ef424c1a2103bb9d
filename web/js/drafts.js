// Drafts: typed text that was not sent yet, in this browser. One list for each member and form, newest first. No member gets
// another member's; a logout removes them, and they expire.

const kPrefix = "minschool.draft";
const kMaxAgeMs = 14 * 24 * 3_600_000;
const kMaxDrafts = 5; // of one form: those that are being typed, and those that were offered and not taken

const key = (member, form) => `${kPrefix}.${member}.${form}`;

/** @returns {{texts: object, base: string, at: number}[]} */
export function readDrafts(member, form) {
  try {
    const drafts = JSON.parse(localStorage.getItem(key(member, form))) ?? [];
    return drafts.filter(({ at }) => Date.now() - at < kMaxAgeMs);
  } catch {
    return []; // storage is forbidden, or holds something else
  }
}

/** Whether both have the same text in each field that both have. */
export const sameTexts = (one, other) => Object.keys(one).every((name) => one[name] === (other[name] ?? one[name]));

/** Removes the drafts of the moments `replaced`, and other drafts of the same `texts`, and puts `drafts` before those of other
 * tabs. */
export function replaceDrafts(member, form, replaced, texts, drafts = []) {
  const others = readDrafts(member, form).filter((one) => !replaced.includes(one.at) && !(texts && sameTexts(texts, one.texts)));
  const all = [...drafts, ...others].slice(0, kMaxDrafts);
  try {
    if (all.length > 0) localStorage.setItem(key(member, form), JSON.stringify(all));
    else localStorage.removeItem(key(member, form));
  } catch {
    // Storage is forbidden or full: the form works without a draft.
  }
}

/** Whether the member has drafts. */
export const hasDrafts = (member) => names(member).length > 0;

/** Removes all drafts of the member. */
export function removeDrafts(member) {
  for (const name of names(member)) localStorage.removeItem(name);
}

/** Removes the drafts that have expired. */
export function removeOldDrafts() {
  for (const name of names()) {
    const [, , member, form] = name.split(".");
    if (readDrafts(member, form).length === 0) localStorage.removeItem(name);
  }
}

/** The storage keys of drafts: one member's, or all. */
function names(member) {
  try {
    return Object.keys(localStorage).filter((name) => name.startsWith(member ? key(member, "") : kPrefix));
  } catch {
    return []; // storage is forbidden
  }
}
