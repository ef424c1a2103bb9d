import { Controller } from "@hotwired/stimulus";
import { apply, load, preferences, save } from "../preferences.js";

// The display settings in the header: radio buttons named like the preferences.
export default class extends Controller {
  connect() {
    for (const name of Object.keys(preferences)) {
      for (const radio of this.element.querySelectorAll(`input[name="${name}"]`)) radio.checked = radio.value === load(name);
    }
  }

  choose({ target }) {
    apply(target.name, target.value);
    save(target.name, target.value);
  }

  escape() {
    if (!this.element.open) return;
    this.element.open = false;
    this.element.querySelector("summary").focus();
  }

  // A click elsewhere folds the panel, as with every drop-down.
  leave({ target }) {
    if (!this.element.contains(target)) this.element.open = false;
  }
}
