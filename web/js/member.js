// Whose page this is, and whether that is still who is logged in. Another tab, another member in the same tab and the way
// Back must never show one member's page to another (docs/decisions/0025-typed.md).
import { cache, visit } from "@hotwired/turbo";
import { ask } from "./confirm.js";
import { forgetDrafts, hasDrafts } from "./drafts.js";

const kStorage = "minschool.member"; // tells the other tabs that somebody came or left

const data = (root = document) => root.querySelector("#page-data")?.dataset;

/** Whose page it is: a number, "0" for a guest's. */
const member = () => data()?.member ?? "0";

/** What the server's cookie says of who is logged in: a number, below 0 who has left, or "". */
export function told() {
  const name = `${data()?.memberCookie}=`;
  return document.cookie.split("; ").find((one) => one.startsWith(name))?.slice(name.length) ?? "";
}

/** Whose drafts a page may show. A page that says why a guest was refused still belongs to who wrote. */
export function owner() {
  if (member() !== "0") return member();
  return Number(told()) > 0 ? told() : "0";
}

let known; // what the cookie said when this page came from the server

function left() {
  const who = told();
  if (!who.startsWith("-")) return;
  forgetDrafts(who.slice(1));
  document.cookie = `${data().memberCookie}=; Path=/; Max-Age=0; SameSite=Lax`;
}

/** A page came from the server: it knows who is logged in. */
function arrived() {
  left();
  known = told();
  try {
    if (localStorage.getItem(kStorage) !== known) localStorage.setItem(kStorage, known);
  } catch {
    // Storage is forbidden: the other tabs notice when they are looked at.
  }
}

/** Somebody else is logged in than when this page came: it goes, and what is kept of others with it. */
function check() {
  if (!data() || document.querySelector("[aria-busy=true]")) return;
  left();
  const now = told();
  if (now === known || now === member()) return;
  known = now;
  leave();
  document.body.hidden = true;
  visit(location.href, { action: "replace" });
}

/** Turbo keeps nothing of the pages until now, nor this one. */
function leave() {
  cache.exemptPageFromCache();
  cache.clear();
  setTimeout(() => cache.clear());
}

/** A logout takes the drafts along: whoever has some is asked. */
async function logout(event) {
  const { target: form, submitter } = event;
  const { draftsConfirm } = form.dataset;
  if (!draftsConfirm || !hasDrafts(member())) return;
  event.preventDefault();
  if (await ask(draftsConfirm, form, submitter)) form.submit();
}

export function start() {
  arrived();
  document.addEventListener("submit", logout);
  document.addEventListener("turbo:load", arrived);
  document.addEventListener("turbo:before-render", ({ detail }) => {
    const next = data(detail.newBody);
    if (next && next.member !== member()) leave();
  });
  document.addEventListener("turbo:before-fetch-request", ({ detail: { fetchOptions } }) => {
    if (data()) fetchOptions.headers["X-Member"] = member();
  });
  for (const event of ["focus", "pageshow", "storage"]) addEventListener(event, check);
  document.addEventListener("visibilitychange", check);
}
