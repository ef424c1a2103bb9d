// The text that is being read or typed keeps its place on the screen, whatever an event changes above it.

import { markScrollable } from "../scroll.js";

const kReadable = "main :is(h1, h2, .prose > *, .comment, .comment-form, tr)";

function isInView(element) {
  const { top, bottom } = element.getBoundingClientRect();
  return bottom > 0 && top < innerHeight;
}

/** The element that must not move: the focused one, else the first one in view. */
function scrollAnchor(readable) {
  const { activeElement } = document;
  if (activeElement.closest("main *") && isInView(activeElement)) return activeElement;
  return [...document.querySelectorAll(readable)].find(isInView);
}

/** Changes the page, and scrolls by the distance that this moved `anchor`. */
function changeAround(anchor, change) {
  const root = document.documentElement;
  const before = anchor?.getBoundingClientRect().top;
  // Some browsers do the same by themselves, with another anchor.
  root.style.overflowAnchor = "none";
  change();
  markScrollable();
  if (anchor?.isConnected) scrollBy({ top: anchor.getBoundingClientRect().top - before, behavior: "instant" });
  root.style.overflowAnchor = "";
}

/** For turbo:before-stream-render. A notice of new posts above a list may push the heading up, but not the rows down. */
export function keepScroll({ target, detail }) {
  const { render } = detail;
  detail.render = (stream) => changeAround(scrollAnchor(target.action === "news" ? "main tr" : kReadable), () => render(stream));
}
