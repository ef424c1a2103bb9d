// What is typed and not sent yet, in this browser: one list for each member and form, newest first. Never another member's,
// gone when its member logs out, and forgotten in the end.

const kPrefix = "minschool.draft";
const kKeepMs = 14 * 24 * 3_600_000;
const kMaxKept = 5; // of one form: those that are being typed, and what was offered and not taken

const key = (member, form) => `${kPrefix}.${member}.${form}`;

/** @returns {{texts: object, base: string, at: number}[]} */
export function readDrafts(member, form) {
  try {
    const kept = JSON.parse(localStorage.getItem(key(member, form))) ?? [];
    return kept.filter(({ at }) => Date.now() - at < kKeepMs);
  } catch {
    return []; // storage is forbidden, or holds something else
  }
}

/** Whether both are the same in each field that both have. */
export const sameTexts = (one, other) => Object.keys(one).every((name) => one[name] === (other[name] ?? one[name]));

/** Takes away what was kept at one of the moments `gone`, and other drafts of the same `texts`, and puts `drafts` before what
 * other tabs keep. */
export function replaceDrafts(member, form, gone, texts, drafts = []) {
  const others = readDrafts(member, form).filter((one) => !gone.includes(one.at) && !(texts && sameTexts(texts, one.texts)));
  const all = [...drafts, ...others].slice(0, kMaxKept);
  try {
    if (all.length > 0) localStorage.setItem(key(member, form), JSON.stringify(all));
    else localStorage.removeItem(key(member, form));
  } catch {
    // Storage is forbidden or full: the form works without a draft.
  }
}

/** Whether anything of one member's is kept. */
export const hasDrafts = (member) => names(member).length > 0;

/** All of one member's. */
export function forgetDrafts(member) {
  for (const name of names(member)) localStorage.removeItem(name);
}

/** What nobody came back for. */
export function forgetOldDrafts() {
  for (const name of names()) {
    const [, , member, form] = name.split(".");
    if (readDrafts(member, form).length === 0) localStorage.removeItem(name);
  }
}

/** Under which names drafts lie: one member's, or all. */
function names(member) {
  try {
    return Object.keys(localStorage).filter((name) => name.startsWith(member ? key(member, "") : kPrefix));
  } catch {
    return []; // nothing is kept where storage is forbidden
  }
}
