// The member of this page, and whether that member is still logged in. Another tab, another member in the same tab and the Back
// button must never show one member's page to another (docs/decisions/0025-form-fields.md).
import { cache, visit } from "@hotwired/turbo";
import { ask } from "./confirm.js";
import { hasDrafts, removeDrafts } from "./drafts.js";

const kStorage = "minschool.member"; // its storage event notifies the other tabs of a login or logout

const data = (root = document) => root.querySelector("#page-data")?.dataset;

/** The member of this page: a number, "0" for a guest. */
const member = () => data()?.member ?? "0";

/** The member of the server's cookie: the number of who is logged in, the negative number of who has logged out, or "". */
export function cookieMember() {
  const name = `${data()?.memberCookie}=`;
  return document.cookie.split("; ").find((one) => one.startsWith(name))?.slice(name.length) ?? "";
}

/** The member whose drafts this page may show. A page that refuses a guest after a form still belongs to the member who wrote. */
export function owner() {
  if (member() !== "0") return member();
  return Number(cookieMember()) > 0 ? cookieMember() : "0";
}

let loadedFor; // the cookie's member when this page came from the server

function cleanUpAfterLogout() {
  const member = cookieMember();
  if (!member.startsWith("-")) return;
  removeDrafts(member.slice(1));
  document.cookie = `${data().memberCookie}=; Path=/; Max-Age=0; SameSite=Lax`;
}

/** A page came from the server, which knows who is logged in. */
function pageArrived() {
  cleanUpAfterLogout();
  loadedFor = cookieMember();
  try {
    if (localStorage.getItem(kStorage) !== loadedFor) localStorage.setItem(kStorage, loadedFor);
  } catch {
    // Storage is forbidden: the other tabs notice when they become visible.
  }
}

/** Hides and reloads this page, and clears Turbo's cache, when another member has logged in since it came. */
function check() {
  if (!data() || document.querySelector("[aria-busy=true]")) return;
  cleanUpAfterLogout();
  const now = cookieMember();
  if (now === loadedFor || now === member()) return;
  loadedFor = now;
  clearCache();
  document.body.hidden = true;
  visit(location.href, { action: "replace" });
}

/** Removes all pages from Turbo's cache, and keeps this one out of it. */
function clearCache() {
  cache.exemptPageFromCache();
  cache.clear();
  setTimeout(() => cache.clear());
}

/** A logout removes the drafts: a member who has some is asked first. */
async function logout(event) {
  const { target: form, submitter } = event;
  const { draftsConfirm } = form.dataset;
  if (!draftsConfirm || !hasDrafts(member())) return;
  event.preventDefault();
  if (await ask(draftsConfirm, form, submitter)) form.submit();
}

export function start() {
  pageArrived();
  document.addEventListener("submit", logout);
  document.addEventListener("turbo:load", pageArrived);
  document.addEventListener("turbo:before-render", ({ detail }) => {
    const next = data(detail.newBody);
    if (next && next.member !== member()) clearCache();
  });
  document.addEventListener("turbo:before-fetch-request", ({ detail: { fetchOptions } }) => {
    if (data()) fetchOptions.headers["X-Member"] = member();
  });
  for (const event of ["focus", "pageshow", "storage"]) addEventListener(event, check);
  document.addEventListener("visibilitychange", check);
}
