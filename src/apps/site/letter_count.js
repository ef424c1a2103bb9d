import { Controller } from "@hotwired/stimulus";

const kShowFrom = 0.8; // of the limit

// Shows the number of letters in a text that is near its limit. More can be typed: the server refuses it and returns the text.
export default class extends Controller {
  static values = { limit: Number };

  connect() {
    this.count = this.count.bind(this);
    this.element.addEventListener("input", this.count);
    this.count();
  }

  disconnect() {
    this.element.removeEventListener("input", this.count);
    this.line?.remove();
  }

  count() {
    const { value } = this.element;
    // A short text is not counted with each letter.
    const letters = value.length < this.limitValue * kShowFrom ? 0 : [...value].length;
    if (letters < this.limitValue * kShowFrom) {
      this.line?.remove();
      this.line = undefined;
      return;
    }
    this.line ??= this.#newLine();
    this.line.classList.toggle("letters-over", letters > this.limitValue);
    const { letters: text } = document.getElementById("page-data").dataset;
    this.line.textContent = text.replace("{n}", letters.toLocaleString("ko-KR")).replace("{limit}", this.limitValue.toLocaleString("ko-KR"));
  }

  #newLine() {
    const line = document.createElement("p");
    line.className = "letters";
    line.role = "status";
    this.element.after(line);
    return line;
  }
}
