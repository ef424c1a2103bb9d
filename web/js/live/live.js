// What happens on the site while a page is looked at (docs/decisions/0015-live.md). Loaded by page.js once a page needs it;
// Turbo and Stimulus are handed in, because a second copy of them would be another Turbo and another Stimulus.
import { say } from "../status.js";
import { announce } from "./announce.js";
import { comment } from "./comments.js";
import { gone } from "./gone.js";
import { Group } from "./group.js";
import { follow, ofDocument, write } from "./marks.js";
import { mention } from "./mention.js";
import { news } from "./news.js";
import { keepSteady } from "./steady.js";
import { tellTyping, typing } from "./typing.js";
import { unresolved } from "./unresolved.js";

const ours = {
  comment,
  gone,
  news,
  typing,
  announce() {
    announce(this.getAttribute("text"), this.getAttribute("kind") ?? undefined);
  },
};

const isWhisper = ({ before, after }) => [...after].every(([topic, number]) => before.get(topic) === number);

export function start({ application, Controller, StreamActions, renderStreamMessage }) {
  Object.assign(StreamActions, ours);
  application.register("mention", mention(Controller));
  application.register("unresolved", unresolved(Controller));

  const group = new Group({ marks: ofDocument, hear });
  group.join();

  function hear(event) {
    const marks = ofDocument();
    if (follow(marks, event)) {
      write(marks);
      if (event.reload) offerReload();
      else renderStreamMessage(event.data);
    } else if (!event.reload && isWhisper(event)) {
      renderStreamMessage(event.data);
    } else if ([...marks].some(([topic, number]) => event.before.get(topic) > number)) {
      group.stand();
    }
  }

  // turbo:render is also a form that was refused, and a page out of Turbo's memory that is about to be replaced.
  const arrive = () => {
    if (!document.documentElement.hasAttribute("data-turbo-preview")) group.arrive();
  };
  document.addEventListener("turbo:load", arrive);
  document.addEventListener("turbo:render", arrive);
  document.addEventListener("visibilitychange", () => group.stand());
  document.addEventListener("turbo:before-cache", forgetMoment);
  document.addEventListener("turbo:before-stream-render", keepSteady);
  document.addEventListener("input", tellTyping);
  addEventListener("pagehide", () => group.leave());
  addEventListener("pageshow", ({ persisted }) => {
    if (persisted) group.join();
  });
}

// The page is never loaded anew under somebody's eyes: it is offered.
function offerReload() {
  const bar = document.getElementById("live-reload");
  if (!bar?.hidden) return;
  bar.hidden = false;
  say(bar.textContent.trim());
}

// What is true for a moment only does not come back with a page out of Turbo's memory.
function forgetMoment() {
  say("");
  for (const line of document.querySelectorAll(".typing")) line.textContent = "";
}
