// The script of every page: Turbo Drive, Stimulus, our confirm dialog, the focus after a refused form; and what a page needs besides.
import { Application, Controller } from "@hotwired/stimulus";
import { StreamActions, config, renderStreamMessage, visit } from "@hotwired/turbo";
import { ask } from "./confirm.js";
import { removeOldDrafts } from "./drafts.js";
import { pageLeft, pageLoaded, pageShown, prepareFocus } from "./focus.js";
import { start as showFormFailures } from "./form_failure.js";
import { owner, start as watchMember } from "./member.js";
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

// Loaded after the page is shown, and only by a page that needs it. What they share comes along: a bundled copy of Turbo or
// Stimulus would be a second one.
const later = [
  ["[data-live], [data-controller~=mention]", () => import("later:live")],
  ["[data-controller~=attachments]", () => import("later:attachments")],
  [".gallery", () => import("later:gallery")],
];
const shared = { application, Controller, StreamActions, renderStreamMessage, ask, owner, visit, loadUploads: () => import("later:uploads") };
const loaded = new Set();

async function loadLater([selector, load]) {
  if (loaded.has(selector) || !document.querySelector(selector)) return;
  loaded.add(selector);
  try {
    (await load()).start(shared);
  } catch {
    loaded.delete(selector); // no connection: the next page tries again
  }
}
document.addEventListener("turbo:load", () => setTimeout(() => later.forEach(loadLater)));
