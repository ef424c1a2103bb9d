import { Controller } from "@hotwired/stimulus";

// Opens the reply form below the comment without leaving the page. Without a script the server shows it for ?reply=ID.
export default class extends Controller {
  static targets = ["template"];

  open(event) {
    const { id } = event.params;
    const slot = document.getElementById(`reply-${id}`);
    if (!slot) return;
    event.preventDefault();
    const form = slot.querySelector("form") ?? this.moveTo(slot, id);
    form.querySelector("textarea").focus();
  }

  close(event) {
    event.preventDefault();
    const slot = event.target.closest(".reply-slot");
    slot.replaceChildren();
    slot.closest(".comment").querySelector("[data-action~='reply#open']")?.focus();
  }

  // Only one reply form is open at a time, so its ids stay unique; typed text moves along.
  moveTo(slot, id) {
    const open = this.element.querySelector(".reply-slot form");
    const form = open ?? this.templateTarget.content.cloneNode(true).querySelector("form");
    const { parent_id, draft } = form.elements;
    parent_id.value = id;
    draft.value = draft.value.replace(/\d+$/, id);
    slot.append(form);
    return form;
  }
}
