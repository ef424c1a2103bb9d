// What a browser does by itself when it loads a page, and Turbo does not, because it only replaces the body: the new page
// is announced, and the focus stands where one goes on (WCAG 2.4.3, 4.1.3).
import { say } from "./status.js";

// A live region that was just moved into the new body must be in the accessibility tree before its text changes.
const kAnnounceMs = 100;

/** The comment that the address asks for: ?comment=ID. Turbo loses the fragment of a redirect that follows a form. */
function askedComment() {
  const id = new URLSearchParams(location.search).get("comment");
  return id && !location.hash ? document.getElementById(`c${id}`) : null;
}

/** Where the visitor goes on: what must be corrected, what was asked for, else the page's heading. */
function place() {
  return document.querySelector('main [aria-invalid="true"]') ?? document.querySelector("main .error-summary") ?? askedComment() ??
    document.querySelector("main h1") ?? document.querySelector("main");
}

function focusPlace() {
  const element = place();
  if (!element) return;
  // A heading or a comment can have the focus, but is no stop of the Tab key.
  if (element.tabIndex < 0) element.tabIndex = -1;
  element.focus({ preventScroll: !element.matches("[aria-invalid], .error-summary") });
}

/** What the last act led to, and which page this is. */
function announcePage() {
  const result = document.querySelector("main .flash p")?.textContent;
  setTimeout(() => say([result, document.title].filter(Boolean).join(" ")), kAnnounceMs);
}

/** After each page that Turbo shows. A preview out of Turbo's cache is followed by the page itself. */
export function pageShown() {
  if (document.documentElement.hasAttribute("data-turbo-preview")) return;
  // Turbo itself moves the focus to an element that a link's fragment names.
  if (document.activeElement === document.body) focusPlace();
  announcePage();
}

/** After a page that the browser itself loaded: only what must be corrected, or was asked for, differs from what it does. */
export function pageLoaded() {
  if (document.querySelector('main [aria-invalid="true"], main .error-summary') || askedComment()) focusPlace();
}

/** A visit begins: what was said of the page before is over. */
export function pageLeft() {
  say("");
}

/** Before Turbo shows a page: autofocus of the summary is for who has no script; here the field itself comes first. */
export function prepareFocus({ detail }) {
  detail.newBody.querySelector(".error-summary")?.removeAttribute("autofocus");
}
