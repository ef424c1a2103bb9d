// The row of one file that is being uploaded: its name, its progress and what can be done. The markup is the template of
// src/features/files/attachments.html.

const kUnits = ["B", "KB", "MB", "GB", "TB"];

/** "1.2 MB", as the server writes it (files::size_text). */
export function sizeText(bytes) {
  let size = bytes;
  let unit = 0;
  for (; size >= 1024 && unit + 1 < kUnits.length; unit++) size /= 1024;
  return `${unit > 0 && size < 10 ? size.toFixed(1) : Math.round(size)} ${kUnits[unit]}`;
}

export class UploadRow {
  constructor(template, file) {
    this.element = template.content.firstElementChild.cloneNode(true);
    this.parts = Object.fromEntries([...this.element.querySelectorAll("[data-part]")].map((part) => [part.dataset.part, part]));
    this.parts.name.textContent = file.name;
    this.parts.size.textContent = sizeText(file.size);
    for (const of of this.element.querySelectorAll(".sr-only")) of.textContent = `: ${file.name}`;
    this.parts.bar.ariaLabel = file.name;
    this.parts.cancel.dataset.running = this.parts.cancel.firstChild.data;
  }

  get hasFocus() {
    return this.element.contains(document.activeElement);
  }

  /** @param {number} share  of what is sent, from 0 to 1 */
  progress(share) {
    this.parts.bar.value = share * 100;
  }

  say(sentence) {
    if (this.parts.state.textContent !== sentence) this.parts.state.textContent = sentence;
  }

  /** `mayRetry`: whether trying again may help. */
  failed(sentence, mayRetry) {
    this.element.classList.add("upload-failed");
    this.parts.bar.hidden = true;
    this.parts.state.textContent = sentence;
    this.parts.state.className = "field-error";
    this.parts.retry.hidden = !mayRetry;
    this.#nameCancel("failed");
  }

  again(sentence) {
    this.element.classList.remove("upload-failed");
    this.parts.bar.hidden = false;
    this.parts.state.className = "hint";
    if (document.activeElement === this.parts.retry) this.parts.cancel.focus();
    this.parts.retry.hidden = true;
    this.#nameCancel("running");
    this.say(sentence);
  }

  /** What failed is not cancelled but taken away. */
  #nameCancel(state) {
    const { firstChild, dataset } = this.parts.cancel;
    firstChild.data = dataset[state];
  }
}
