// What every page does: Turbo Drive, Stimulus, our confirm dialog, the focus after a refused form, and what is live.
import { Application, Controller } from "@hotwired/stimulus";
import { StreamActions, config, renderStreamMessage } from "@hotwired/turbo";
import { ask } from "./confirm.js";
import { forgetOldDrafts } from "./drafts.js";
import { pageLeft, pageLoaded, pageShown, prepareFocus } from "./focus.js";
import { start as watchMember } from "./member.js";
import { formAnswered, formSent } from "./retry.js";
import { markScrollable } from "./scroll.js";
import { start as keepTimes } from "./times.js";
import { start as keepUnsent } from "./unsent.js";

export const application = Application.start();

config.forms.confirm = ask;
// A button that is disabled while its form is sent would lose the focus for good.
config.forms.submitter = "aria-disabled";

forgetOldDrafts();
watchMember();
keepTimes();

// How old a guest's page may be (stale-while-revalidate) is said to Nginx; a browser would show its own of a moment ago.
document.addEventListener("turbo:before-fetch-request", ({ detail }) => {
  detail.fetchOptions.cache = "no-store";
});

document.addEventListener("turbo:submit-start", formSent);
document.addEventListener("turbo:before-fetch-response", formAnswered);
keepUnsent(); // what is not sent again by itself

document.addEventListener("turbo:visit", pageLeft);
document.addEventListener("turbo:before-render", prepareFocus);
document.addEventListener("turbo:render", pageShown);
for (const event of ["turbo:load", "turbo:render"]) document.addEventListener(event, markScrollable);
addEventListener("resize", markScrollable);
// The first page was rendered by the browser itself (a form sent before the script was there).
pageLoaded();

// Turbo follows the redirect after a form by fetch, which loses the fragment: ?comment=ID says which comment is meant,
// ?comments=PAGE that it is about the comments.
function showComment() {
  const asked = new URLSearchParams(location.search);
  const place = asked.has("comment") ? `c${asked.get("comment")}` : asked.has("comments") && "comments";
  if (place && !location.hash) document.getElementById(place)?.scrollIntoView();
}
document.addEventListener("turbo:load", showComment);

// What is live comes after the page is shown, and only to a page that has something live.
let live = null;
async function goLive() {
  if (live || !document.querySelector("[data-live], [data-controller~=mention]")) return;
  live = import("later:live");
  try {
    (await live).start({ application, Controller, StreamActions, renderStreamMessage });
  } catch {
    live = null; // no connection: the next page tries again
  }
}
document.addEventListener("turbo:load", () => setTimeout(goLive));
