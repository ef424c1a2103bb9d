// Announces a new page and sets the focus where the visitor continues (WCAG 2.4.3, 4.1.3). A browser does both when it loads a
// page; Turbo, which only replaces the body, does not.
import { say } from "./status.js";

// A live region that was just moved into the new body must be in the accessibility tree before its text changes.
const kAnnounceMs = 100;

/** The comment that the address asks for: ?comment=ID. Turbo loses the fragment of a redirect that follows a form. */
function requestedComment() {
  const id = new URLSearchParams(location.search).get("comment");
  return id && !location.hash ? document.getElementById(`c${id}`) : null;
}

/** Where the visitor continues: the field to correct, the requested comment, else the page's heading. */
function place() {
  return document.querySelector('main [aria-invalid="true"]') ?? document.querySelector("main .error-summary") ?? requestedComment() ??
    document.querySelector("main h1") ?? document.querySelector("main");
}

function focusPlace() {
  const element = place();
  if (!element) return;
  // A heading or a comment can have the focus, but the Tab key does not stop at it.
  if (element.tabIndex < 0) element.tabIndex = -1;
  element.focus({ preventScroll: !element.matches("[aria-invalid], .error-summary") });
}

/** Announces the result of the last action, and the title of this page. */
function announcePage() {
  const result = document.querySelector("main .flash p")?.textContent;
  setTimeout(() => say([result, document.title].filter(Boolean).join(" ")), kAnnounceMs);
}

/** Called after each page that Turbo shows. A preview out of Turbo's cache is followed by the page itself. */
export function pageShown() {
  if (document.documentElement.hasAttribute("data-turbo-preview")) return;
  // Turbo itself focuses an element that a link's fragment names.
  if (document.activeElement === document.body) focusPlace();
  announcePage();
}

/** Called after a page that the browser itself loaded: it needs help only with fields to correct and a requested comment. */
export function pageLoaded() {
  if (document.querySelector('main [aria-invalid="true"], main .error-summary') || requestedComment()) focusPlace();
}

/** Called when a visit begins: the announcement of the previous page is over. */
export function pageLeft() {
  say("");
}

/** Called before Turbo shows a page: the summary's autofocus is for pages without a script; here the field itself comes first. */
export function prepareFocus({ detail }) {
  detail.newBody.querySelector(".error-summary")?.removeAttribute("autofocus");
}
