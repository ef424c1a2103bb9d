// What screen readers are told, politely and never one sentence after the other: what comes within a few seconds is told
// together.
import { say } from "../status.js";

const kGatherMs = 3_000;

const waiting = new Map(); // kind → sentences
let timer = 0;

/** Soon. Several of one `kind` become the sentence that the region has for it (data-KIND), else the last one stands for
 * all; what has no kind stands for itself. */
export function announce(sentence, kind = sentence) {
  waiting.set(kind, [...(waiting.get(kind) ?? []), sentence]);
  timer ||= setTimeout(tell, kGatherMs);
}

function tell() {
  timer = 0;
  const status = document.getElementById("live-status");
  const sentences = [...waiting].map(([kind, all]) => {
    const together = status?.dataset[kind];
    return all.length > 1 && together ? together.replace("{n}", all.length) : all.at(-1);
  });
  waiting.clear();
  say(sentences.join(" "));
}
