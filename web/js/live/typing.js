// "김하늘님이 댓글을 쓰고 있습니다" below a post: sent while a member types, and shown for a while after the last message.
import { ofDocument } from "./positions.js";

const kSendEveryMs = 4_000;
const kShownMs = 6_000;

let lastSent = 0;
const writers = new Map(); // member → {line, name, timer}

/** Tells the server that somebody types into the form of a comment. A lost message does not matter. */
export function sendTyping({ target }) {
  const form = target.closest?.(".comment-form");
  if (!form || target.value === "" || Date.now() - lastSent < kSendEveryMs) return;
  lastSent = Date.now();
  fetch(form.action.replace(/\/comments$/, "/typing"), { method: "POST", keepalive: true }).catch(() => {});
}

/** <turbo-stream action="typing" target="typing-34" member="7" name="김하늘"> */
export function typing() {
  const member = this.getAttribute("member");
  if (ofDocument().has(`u${member}`)) return;  // this visitor's own
  clearTimeout(writers.get(member)?.timer);
  const timer = setTimeout(() => stopTyping(member), kShownMs);
  writers.set(member, { line: this.target, name: this.getAttribute("name"), timer });
  show(this.target);
}

/** No message came for a while, or the comment is there. */
export function stopTyping(member) {
  const writer = writers.get(member);
  if (!writer) return;
  clearTimeout(writer.timer);
  writers.delete(member);
  show(writer.line);
}

function show(id) {
  const line = document.getElementById(id);
  if (!line) return;
  const names = [...writers.values()].filter((one) => one.line === id).map(({ name }) => name);
  line.textContent = names.length ? line.dataset.text.replace("{names}", names.join(", ")) : "";
}
