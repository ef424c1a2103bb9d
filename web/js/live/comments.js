// Comments appear and change below the post while somebody reads it.
import { stopTyping } from "./typing.js";

const kMaxDepth = 4;
const kHighlightMs = 4_000;

const find = (list, id) => id && list.querySelector(`:scope > [data-comment="${CSS.escape(id)}"]`);

/** <turbo-stream action="comment" target="comments-34" comment="123" parent="45"> with a <template> of its <li> */
export function comment() {
  const list = document.getElementById(this.target);
  const fresh = this.templateContent.querySelector("li");
  if (!list || !fresh) return;
  const old = find(list, this.getAttribute("comment"));
  if (old) replace(old, fresh);
  // A removed comment leaves a gap only on pages that showed it.
  else if (!fresh.querySelector(".comment-gone")) insert(list, fresh, this.getAttribute("parent"));
}

/** Comments stand in the order of their ids: a new one comes last, a restored one between the others. */
function insert(list, fresh, parentId) {
  const parent = find(list, parentId);
  if (parent?.dataset.cut !== undefined) return; // its thread continues on another page, behind a link
  const siblings = [...list.children].filter((item) => item.dataset.comment && (item.dataset.parent ?? null) === parentId);
  const next = siblings.find((item) => Number(item.dataset.comment) > Number(fresh.dataset.comment));
  const elsewhere = next ? next === siblings[0] && list.dataset.first === undefined : list.dataset.last === undefined;
  if (parentId ? !parent : elsewhere) return; // its place is on another page of threads
  setDepth(fresh, parent ? Math.min(Number(parent.dataset.depth) + 1, kMaxDepth) : 0);
  fresh.classList.add("comment-new");
  setTimeout(() => fresh.classList.remove("comment-new"), kHighlightMs);
  if (next) next.before(fresh);
  else if (parent) lastBelow(parent).after(fresh);
  else list.append(fresh);
  if (list.nextElementSibling?.matches(".empty")) list.nextElementSibling.remove();
  stopTyping(fresh.querySelector(".comment-author")?.getAttribute("href").split("/").pop());
}

/** The list is flat: the replies to a comment, and to these, follow it. */
function lastBelow(parent) {
  const thread = new Set([parent.dataset.comment]);
  let last = parent;
  for (let next = last.nextElementSibling; thread.has(next?.dataset.parent); next = next.nextElementSibling) {
    thread.add(next.dataset.comment);
    last = next;
  }
  return last;
}

function setDepth(item, depth) {
  item.dataset.depth = depth;
  item.className = `comment-depth-${depth}`;
}

/** Replaces the children of the old element, so that a reply that is being written below it keeps its text and caret. */
function replace(old, fresh) {
  const [article, next] = [old, fresh].map((item) => item.querySelector(".comment"));
  const slot = article.querySelector(":scope > .reply-slot");
  const kept = slot?.childElementCount > 0 ? slot : null;
  const focused = article.contains(document.activeElement) && !kept?.contains(document.activeElement) ? document.activeElement : null;
  // Whether the like button is pressed depends on the visitor; the event is the same for all.
  const like = article.querySelector("form[id^=like-]");
  if (like) next.querySelector("form[id^=like-]")?.replaceWith(like);
  if (kept) next.querySelector(":scope > .reply-slot")?.remove();
  for (const child of [...article.children]) if (child !== kept) child.remove();
  if (kept) kept.before(...next.children);
  else article.append(...next.children);
  article.className = next.className;
  if (next.id) article.id = next.id;
  if (focused) focusAgain(article, focused);
}

/** Focuses the same button of the new comment, or the comment itself when it no longer has such a button. */
function focusAgain(article, { tagName, textContent }) {
  const same = [...article.querySelectorAll(tagName)].find((one) => one.textContent === textContent);
  if (!same) article.tabIndex = -1;
  (same ?? article).focus({ preventScroll: true });
}
