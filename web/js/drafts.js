// What is typed and not sent yet, in this browser: one list for each member and form, newest first. Never another member's,
// gone when its member logs out, and forgotten in the end.

const kPrefix = "minschool.draft";
const kKeepMs = 14 * 24 * 3_600_000;
const kMaxKept = 3; // of one form: the one that is being typed, and what was offered and not taken

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

export function writeDrafts(member, form, drafts) {
  try {
    if (drafts.length > 0) localStorage.setItem(key(member, form), JSON.stringify(drafts.slice(0, kMaxKept)));
    else localStorage.removeItem(key(member, form));
  } catch {
    // Storage is forbidden or full: the form works without a draft.
  }
}

/** All of one member's. */
export function forgetDrafts(member) {
  forget((name) => name.startsWith(`${kPrefix}.${member}.`));
}

/** What nobody came back for. */
export function forgetOldDrafts() {
  forget((name) => {
    const [, , member, form] = name.split(".");
    return readDrafts(member, form).length === 0;
  });
}

function forget(goes) {
  try {
    for (const name of Object.keys(localStorage)) {
      if (name.startsWith(`${kPrefix}.`) && goes(name)) localStorage.removeItem(name);
    }
  } catch {
    // Nothing is kept where storage is forbidden.
  }
}
