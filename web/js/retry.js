// A form that the site cannot take just now is sent again by itself, a few times: what was typed, a password too, stays
// where it is. Its field `once` keeps a write from happening twice.
import { say } from "./status.js";

const maxTries = 5;
const maxWaitSeconds = 10; // who has to wait longer decides for themselves

const waiting = new WeakMap(); // form -> { tries, timer, submitter }

function note(form, sentence) {
  let line = form.querySelector(".form-retry");
  if (!line && sentence) {
    line = document.createElement("p");
    line.className = "hint form-retry";
    form.append(line);
  }
  if (line) line.textContent = sentence;
  if (sentence) say(sentence);
}

/** turbo:submit-start: whoever sends it by hand meanwhile has not to wait. */
export function formSent({ target, detail }) {
  const state = waiting.get(target) ?? { tries: 0 };
  clearTimeout(state.timer);
  state.submitter = detail.formSubmission.submitter;
  waiting.set(target, state);
}

/** turbo:before-fetch-response: keeps the page when the form is to be sent again. */
export function formAnswered(event) {
  const form = event.target;
  const state = waiting.get(form);
  if (!state) return;
  const { status, headers } = event.detail.fetchResponse.response;
  const seconds = Number(headers.get("Retry-After"));
  const later = (status === 503 || status === 429) && seconds > 0 && seconds <= maxWaitSeconds;
  if (!later || state.tries >= maxTries || form.dataset.turboConfirm || state.submitter?.dataset.turboConfirm) {
    waiting.delete(form);
    note(form, "");
    return;
  }
  event.preventDefault();
  state.tries += 1;
  const words = document.getElementById("live-status")?.dataset.retry ?? "";
  note(form, words.replace("{n}", state.tries).replace("{all}", maxTries));
  // Not all of a class at the same moment again.
  const delay = seconds * (1 + Math.random()) * 1000;
  state.timer = setTimeout(() => form.isConnected && form.requestSubmit(state.submitter), delay);
}
