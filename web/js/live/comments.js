// Comments that appear and change under the post that is being read.
import { stopTyping } from "./typing.js";

const kDeepest = 4;
const kHighlightMs = 4_000;

const find = (list, id) => id && list.querySelector(`:scope > [data-comment="${CSS.escape(id)}"]`);

/** <turbo-stream action="comment" target="comments-34" comment="123" parent="45"> with a <template> of its <li> */
export function comment() {
  const list = document.getElementById(this.target);
  const fresh = this.templateContent.querySelector("li");
  if (!list || !fresh) return;
  const old = find(list, this.getAttribute("comment"));
  if (old) replace(old, fresh);
  // A comment that is gone already leaves a gap only where it was seen.
  else if (!fresh.querySelector(".comment-gone")) insert(list, fresh, this.getAttribute("parent"));
}

/** Comments stand in the order of their ids: a new one comes last, one that is back between the others. */
function insert(list, fresh, parentId) {
  const parent = find(list, parentId);
  if (parent?.dataset.cut !== undefined) return; // its thread goes on elsewhere, behind a link
  const family = [...list.children].filter((item) => item.dataset.comment && (item.dataset.parent ?? null) === parentId);
  const next = family.find((item) => Number(item.dataset.comment) > Number(fresh.dataset.comment));
  const elsewhere = next ? next === family[0] && list.dataset.first === undefined : list.dataset.last === undefined;
  if (parentId ? !parent : elsewhere) return; // its place is on another page of threads
  setDepth(fresh, parent ? Math.min(Number(parent.dataset.depth) + 1, kDeepest) : 0);
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
  const family = new Set([parent.dataset.comment]);
  let last = parent;
  for (let next = last.nextElementSibling; family.has(next?.dataset.parent); next = next.nextElementSibling) {
    family.add(next.dataset.comment);
    last = next;
  }
  return last;
}

function setDepth(item, depth) {
  item.dataset.depth = depth;
  item.className = `comment-depth-${depth}`;
}

/** Within the old element, so that a reply that is being written below it is not touched, not even its caret. */
function replace(old, fresh) {
  const [article, next] = [old, fresh].map((item) => item.querySelector(".comment"));
  const slot = article.querySelector(":scope > .reply-slot");
  const kept = slot?.childElementCount > 0 ? slot : null;
  const focused = article.contains(document.activeElement) && !kept?.contains(document.activeElement) ? document.activeElement : null;
  // Whether it is pressed is this visitor's own, which an event for all does not know.
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

/** The same button of the new comment, or the comment, when it has no such button any more. */
function focusAgain(article, { tagName, textContent }) {
  const same = [...article.querySelectorAll(tagName)].find((one) => one.textContent === textContent);
  if (!same) article.tabIndex = -1;
  (same ?? article).focus({ preventScroll: true });
}
