import { announce } from "./announce.js";

/** <turbo-stream action="news" board="3" number="812">: "새 글 3개" above the list; the link in it loads the list. */
export function news() {
  const bar = document.getElementById(`news-${this.getAttribute("board")}`);
  if (!bar) return;
  const numbers = new Set(bar.dataset.numbers?.split(" ")).add(this.getAttribute("number"));
  bar.dataset.numbers = [...numbers].join(" ");
  const text = bar.dataset.text.replace("{n}", numbers.size);
  const link = bar.querySelector("a");
  link.textContent = text;
  link.search = `?new=${this.getAttribute("number")}`; // an address that no cache has a page of
  bar.hidden = false;
  announce(text, "news");
}
