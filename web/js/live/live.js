// Live changes of the page that is open (docs/decisions/0015-live.md). page.js loads this once a page needs it and passes Turbo
// and Stimulus in, because a bundled copy would be a second Turbo and a second Stimulus.
import { say } from "../status.js";
import { announce } from "./announce.js";
import { comment } from "./comments.js";
import { gone } from "./gone.js";
import { Group } from "./group.js";
import { keepScroll } from "./keep_scroll.js";
import { mention } from "./mention.js";
import { news } from "./news.js";
import { follow, ofDocument, write } from "./positions.js";
import { sendTyping, typing } from "./typing.js";
import { unresolved } from "./unresolved.js";

const streamActions = {
  comment,
  gone,
  news,
  typing,
  announce() {
    announce(this.getAttribute("text"), this.getAttribute("kind") ?? undefined);
  },
};

const isTransient = ({ before, after }) => [...after].every(([topic, number]) => before.get(topic) === number);

export function start({ application, Controller, StreamActions, renderStreamMessage }) {
  Object.assign(StreamActions, streamActions);
  application.register("mention", mention(Controller));
  application.register("unresolved", unresolved(Controller));

  const group = new Group({ positions: ofDocument, receive });
  group.join();

  function receive(event) {
    const positions = ofDocument();
    if (follow(positions, event)) {
      write(positions);
      if (event.reload) offerReload();
      else renderStreamMessage(event.data);
    } else if (!event.reload && isTransient(event)) {
      renderStreamMessage(event.data);
    } else if ([...positions].some(([topic, number]) => event.before.get(topic) > number)) {
      group.report();
    }
  }

  // turbo:render also comes for a refused form, and for a page out of Turbo's cache that is about to be replaced.
  const arrive = () => {
    if (!document.documentElement.hasAttribute("data-turbo-preview")) group.arrive();
  };
  document.addEventListener("turbo:load", arrive);
  document.addEventListener("turbo:render", arrive);
  document.addEventListener("visibilitychange", () => group.report());
  document.addEventListener("turbo:before-cache", clearTransient);
  document.addEventListener("turbo:before-stream-render", keepScroll);
  document.addEventListener("input", sendTyping);
  addEventListener("pagehide", () => group.leave());
  addEventListener("pageshow", ({ persisted }) => {
    if (persisted) group.join();
  });
}

// The page never reloads by itself while somebody reads it: the reload is offered.
function offerReload() {
  const bar = document.getElementById("live-reload");
  if (!bar?.hidden) return;
  bar.hidden = false;
  say(bar.textContent.trim());
}

// Announcements and typing lines must not come back with a page out of Turbo's cache.
function clearTransient() {
  say("");
  for (const line of document.querySelectorAll(".typing")) line.textContent = "";
}
