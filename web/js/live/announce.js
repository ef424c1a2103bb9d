// Announcements for screen readers, politely and never one sentence after the other: those of a few seconds are spoken together.
import { say } from "../status.js";

const kGatherMs = 3_000;

const pending = new Map(); // kind → sentences
let timer = 0;

/** Announces `sentence` soon. Several of one `kind` become the sentence that the region has for it (data-KIND), else the last
 * one is spoken alone; a sentence without a kind is always spoken. */
export function announce(sentence, kind = sentence) {
  pending.set(kind, [...(pending.get(kind) ?? []), sentence]);
  timer ||= setTimeout(speak, kGatherMs);
}

function speak() {
  timer = 0;
  const status = document.getElementById("live-status");
  const sentences = [...pending].map(([kind, all]) => {
    const summary = status?.dataset[kind];
    return all.length > 1 && summary ? summary.replace("{n}", all.length) : all.at(-1);
  });
  pending.clear();
  say(sentences.join(" "));
}
