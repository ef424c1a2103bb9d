// A form that the site cannot accept right now is sent again by itself, a few times: typed text, also a password, stays in the
// form. The idempotency key in its field `once` keeps a write from happening twice.
import { say } from "./status.js";

const maxTries = 5;
const maxWaitSeconds = 10; // after a longer wait visitors decide for themselves

const states = new WeakMap(); // form -> { tries, timer, submitter }

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

/** turbo:submit-start: a visitor who sends the form by hand meanwhile need not wait. */
export function formSent({ target, detail }) {
  const state = states.get(target) ?? { tries: 0 };
  clearTimeout(state.timer);
  state.submitter = detail.formSubmission.submitter;
  states.set(target, state);
}

/** turbo:before-fetch-response: keeps the page when the form will be sent again. */
export function formAnswered(event) {
  const form = event.target;
  const state = states.get(form);
  if (!state) return;
  const { status, headers } = event.detail.fetchResponse.response;
  const seconds = Number(headers.get("Retry-After"));
  const later = (status === 503 || status === 429) && seconds > 0 && seconds <= maxWaitSeconds;
  if (!later || state.tries >= maxTries || form.dataset.turboConfirm || state.submitter?.dataset.turboConfirm) {
    states.delete(form);
    note(form, "");
    return;
  }
  event.preventDefault();
  state.tries += 1;
  const words = document.getElementById("live-status")?.dataset.retry ?? "";
  note(form, words.replace("{n}", state.tries).replace("{all}", maxTries));
  // The random part keeps a whole class from coming back at the same moment.
  const delay = seconds * (1 + Math.random()) * 1000;
  state.timer = setTimeout(() => form.isConnected && form.requestSubmit(state.submitter), delay);
}
