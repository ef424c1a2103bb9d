// "김하늘님이 댓글을 쓰고 있습니다" under a post: told while one types, shown a while after the last word.
import { ofDocument } from "./marks.js";

const kTellEveryMs = 4_000;
const kShownMs = 6_000;

let told = 0;
const writing = new Map(); // member → {line, name, timer}

/** What is typed into the form of a comment. That it got lost matters to nobody. */
export function tellTyping({ target }) {
  const form = target.closest?.(".comment-form");
  if (!form || target.value === "" || Date.now() - told < kTellEveryMs) return;
  told = Date.now();
  fetch(form.action.replace(/\/comments$/, "/typing"), { method: "POST", keepalive: true }).catch(() => {});
}

/** <turbo-stream action="typing" target="typing-34" member="7" name="김하늘"> */
export function typing() {
  const member = this.getAttribute("member");
  if (ofDocument().has(`u${member}`)) return;  // oneself
  clearTimeout(writing.get(member)?.timer);
  const timer = setTimeout(() => stopTyping(member), kShownMs);
  writing.set(member, { line: this.target, name: this.getAttribute("name"), timer });
  show(this.target);
}

/** Nothing was heard of it for a while, or the comment is there. */
export function stopTyping(member) {
  const known = writing.get(member);
  if (!known) return;
  clearTimeout(known.timer);
  writing.delete(member);
  show(known.line);
}

function show(id) {
  const line = document.getElementById(id);
  if (!line) return;
  const names = [...writing.values()].filter((one) => one.line === id).map(({ name }) => name);
  line.textContent = names.length ? line.dataset.text.replace("{names}", names.join(", ")) : "";
}
