// What is being read or typed stays where it is on the screen, whatever an event changes above it.

import { markScrollable } from "../scroll.js";

const kReadable = "main :is(h1, h2, .prose > *, .comment, .comment-form, tr)";

function isInView(element) {
  const { top, bottom } = element.getBoundingClientRect();
  return bottom > 0 && top < innerHeight;
}

/** What must not move: what has the focus, else what stands first in view. */
function whatIsRead(readable) {
  const { activeElement } = document;
  if (activeElement.closest("main *") && isInView(activeElement)) return activeElement;
  return [...document.querySelectorAll(readable)].find(isInView);
}

/** Changes the page, and scrolls by as much as `anchor` was moved by that. */
function steady(anchor, change) {
  const root = document.documentElement;
  const before = anchor?.getBoundingClientRect().top;
  // Some browsers do the same by themselves, with an anchor of their own choice.
  root.style.overflowAnchor = "none";
  change();
  markScrollable();
  if (anchor?.isConnected) scrollBy({ top: anchor.getBoundingClientRect().top - before, behavior: "instant" });
  root.style.overflowAnchor = "";
}

/** For turbo:before-stream-render. What is new above a list may push the heading up, but not the lines down. */
export function keepSteady({ target, detail }) {
  const { render } = detail;
  detail.render = (stream) => steady(whatIsRead(target.action === "news" ? "main tr" : kReadable), () => render(stream));
}
