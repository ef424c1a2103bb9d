// Uploads that were interrupted, in this browser: choosing the same file again goes on with its upload. They lie beside the drafts
// of texts (../drafts.js), whose removal after a logout and with time they share.

const kActiveMs = 10_000; // an upload that noted nothing for so long is not going on in another tab

const fileKey = ({ name, size, lastModified }) => `${name}/${size}/${lastModified}`;

/** The interrupted uploads of one member's form. */
export class Interrupted {
  constructor(member, draft) {
    this.key = `minschool.draft.${member}.files-${draft}`;
  }

  #read() {
    try {
      return JSON.parse(localStorage.getItem(this.key)) ?? [];
    } catch {
      return []; // storage is forbidden, or holds something else
    }
  }

  #write(all) {
    try {
      if (all.length > 0) localStorage.setItem(this.key, JSON.stringify(all));
      else localStorage.removeItem(this.key);
    } catch {
      // Storage is forbidden or full: an upload goes on as long as its page is open.
    }
  }

  /** Those that no tab is sending now. */
  all() {
    return this.#read().filter(({ active }) => Date.now() - active > kActiveMs);
  }

  addressOf(file) {
    return this.#read().find(({ of }) => of === fileKey(file))?.address;
  }

  /** `active`: whether this tab goes on sending. */
  note(file, address, active = true) {
    const entry = { of: fileKey(file), name: file.name, address, at: Date.now(), active: active ? Date.now() : 0 };
    this.#write([...this.#read().filter(({ of }) => of !== entry.of), entry]);
  }

  forget(file) {
    this.#write(this.#read().filter(({ of }) => of !== fileKey(file)));
  }

  /** Forgets those that no tab is sending, and gives them. */
  forgetAll() {
    const gone = this.all();
    this.#write(this.#read().filter(({ of }) => !gone.some((one) => one.of === of)));
    return gone;
  }
}
