// A post that may no longer be read is removed from the pages that show it.

const isTyped = (form) => [...form.querySelectorAll("textarea, [type=text]")].some(({ value, defaultValue }) => value !== defaultValue);

/** <turbo-stream action="gone" target="post-note-34" text="…">: only this note, forms with typed text, and the elements that name
 * the live topics stay. */
export function gone() {
  const note = document.getElementById(this.target);
  if (!note) return;
  const focused = document.activeElement;
  document.title = this.getAttribute("text");
  clear(note.parentElement, [note, ...[...document.querySelectorAll("main form")].filter(isTyped)]);
  if (focused.isConnected) return;
  note.tabIndex = -1;
  note.focus({ preventScroll: true });
}

function clear(element, kept) {
  for (const child of [...element.children]) {
    if (kept.includes(child)) continue;
    if (child.dataset.live || kept.some((one) => child.contains(one))) clear(child, kept);
    else child.remove();
  }
}
