// The script of every page: Turbo Drive, Stimulus, our confirm dialog, the focus after a refused form, and live changes.
import { Application, Controller } from "@hotwired/stimulus";
import { StreamActions, config, renderStreamMessage } from "@hotwired/turbo";
import { ask } from "./confirm.js";
import { removeOldDrafts } from "./drafts.js";
import { pageLeft, pageLoaded, pageShown, prepareFocus } from "./focus.js";
import { start as showFormFailures } from "./form_failure.js";
import { start as watchMember } from "./member.js";
import { formAnswered, formSent } from "./retry.js";
import { markScrollable } from "./scroll.js";
import { start as updateTimes } from "./times.js";

export const application = Application.start();

config.forms.confirm = ask;
// A button that is disabled while its form is sent would lose the focus for good.
config.forms.submitter = "aria-disabled";

removeOldDrafts();
watchMember();
updateTimes();

// The allowed age of a guest's page (stale-while-revalidate) is for Nginx; a browser would show an old page of its own.
document.addEventListener("turbo:before-fetch-request", ({ detail }) => {
  detail.fetchOptions.cache = "no-store";
});

document.addEventListener("turbo:submit-start", formSent);
document.addEventListener("turbo:before-fetch-response", formAnswered);
showFormFailures(); // of forms that are not sent again by themselves

document.addEventListener("turbo:visit", pageLeft);
document.addEventListener("turbo:before-render", prepareFocus);
document.addEventListener("turbo:render", pageShown);
for (const event of ["turbo:load", "turbo:render"]) document.addEventListener(event, markScrollable);
addEventListener("resize", markScrollable);
// The browser itself rendered the first page (also after a form that was sent before the script was loaded).
pageLoaded();

// Turbo follows the redirect after a form by fetch, which loses the fragment: ?comment=ID names the comment to show,
// ?comments=PAGE asks for the comments.
function showComment() {
  const query = new URLSearchParams(location.search);
  const place = query.has("comment") ? `c${query.get("comment")}` : query.has("comments") && "comments";
  if (place && !location.hash) document.getElementById(place)?.scrollIntoView();
}
document.addEventListener("turbo:load", showComment);

// The live script is loaded after the page is shown, and only by a page with a live topic or a field for mentions.
let live = null;
async function startLive() {
  if (live || !document.querySelector("[data-live], [data-controller~=mention]")) return;
  live = import("later:live");
  try {
    (await live).start({ application, Controller, StreamActions, renderStreamMessage });
  } catch {
    live = null; // no connection: the next page tries again
  }
}
document.addEventListener("turbo:load", () => setTimeout(startLive));
