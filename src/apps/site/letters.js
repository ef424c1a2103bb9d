import { Controller } from "@hotwired/stimulus";

const kFrom = 0.8; // of the limit: before that nobody has to count

// How many letters a text has, once it comes near its limit. More may be typed: the server says so and keeps the text.
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
    // Nobody counts the letters of a short text with each of them.
    const letters = value.length < this.limitValue * kFrom ? 0 : [...value].length;
    if (letters < this.limitValue * kFrom) {
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
