import { say } from "../status.js";

const kPauseMs = 150; // between the last letter and the request
const kTyped = /(?:^|[\s([{"'])@([\p{L}\p{N}_]{1,20})$/u;

/**
 * Suggests names after @ in a textarea: WAI-ARIA's combobox with a list, on a field that stays an ordinary textarea. The focus
 * and the caret never leave it; the list is the layout's one #names. A Korean syllable is being composed until the next one
 * begins. Names are requested meanwhile, but keys belong to the input method, and nothing is inserted before it has finished.
 */
export const mention = (Controller) =>
  class extends Controller {
    #typed = null; // {start, text} of the name that is being typed, without @
    #dismissed = -1; // index of the @ where Escape was pressed
    #names = [];
    #chosen = 0;
    #timer = 0;
    #request = null;

    connect() {
      const { element } = this;
      element.setAttribute("aria-autocomplete", "list");
      element.setAttribute("aria-haspopup", "listbox");
      element.setAttribute("aria-controls", "names");
      this.listeners = {
        input: () => this.update(),
        compositionend: () => this.update(),
        keyup: () => this.update(),
        click: () => this.update(),
        keydown: (event) => this.press(event),
        blur: () => this.close(),
      };
      for (const [type, listener] of Object.entries(this.listeners)) element.addEventListener(type, listener);
    }

    disconnect() {
      for (const [type, listener] of Object.entries(this.listeners)) this.element.removeEventListener(type, listener);
      this.close();
    }

    get list() {
      return document.getElementById("names");
    }

    get isOpen() {
      return this.#names.length > 0;
    }

    /** Requests names when the name before the caret has changed. */
    update() {
      const { selectionStart, selectionEnd, value } = this.element;
      const found = selectionStart === selectionEnd && kTyped.exec(value.slice(0, selectionEnd));
      const typed = found ? { start: selectionEnd - found[1].length - 1, text: found[1] } : null;
      if (typed?.start === this.#typed?.start && typed?.text === this.#typed?.text) return;
      this.#typed = typed;
      if (value[this.#dismissed] !== "@") this.#dismissed = -1;
      clearTimeout(this.#timer);
      this.#request?.abort();
      if (!typed || this.#dismissed === typed.start) return this.close();
      this.#timer = setTimeout(() => this.ask(typed.text), kPauseMs);
    }

    async ask(text) {
      this.#request = new AbortController();
      const { signal } = this.#request;
      try {
        const answer = await fetch(`/members/names?q=${encodeURIComponent(text)}`, { signal, headers: { accept: "application/json" } });
        const names = answer.ok ? await answer.json() : [];
        if (!signal.aborted) this.show(names);
      } catch {
        // Aborted, or no connection: no names.
      }
    }

    show(names) {
      const { list } = this;
      if (names.length === 0 || document.activeElement !== this.element) return this.close();
      this.#names = names;
      list.replaceChildren(...names.map(({ name }, at) => this.option(name, at)));
      list.hidden = false;
      this.place();
      this.choose(0);
      say(document.getElementById("live-status").dataset.names.replace("{n}", names.length));
    }

    option(name, at) {
      const option = document.createElement("li");
      option.id = `name-${at}`;
      option.setAttribute("role", "option");
      option.append(document.createElement("bdi"));
      option.firstChild.textContent = name;
      // The focus stays in the textarea.
      option.onpointerdown = (event) => event.preventDefault();
      option.onclick = () => this.insert(at);
      return option;
    }

    choose(at) {
      this.#chosen = at;
      [...this.list.children].forEach((option, i) => option.setAttribute("aria-selected", String(i === at)));
      this.list.children[at].scrollIntoView({ block: "nearest" });
      this.element.setAttribute("aria-activedescendant", `name-${at}`);
    }

    close() {
      clearTimeout(this.#timer);
      this.#request?.abort();
      if (!this.isOpen) return;
      this.#names = [];
      this.element.removeAttribute("aria-activedescendant");
      if (this.list) this.list.hidden = true;
    }

    press(event) {
      if (!this.isOpen || event.isComposing || event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return;
      const { length } = this.#names;
      const acts = {
        ArrowDown: () => this.choose((this.#chosen + 1) % length),
        ArrowUp: () => this.choose((this.#chosen + length - 1) % length),
        Enter: () => this.insert(this.#chosen),
        Tab: () => this.insert(this.#chosen),
        Escape: () => this.dismiss(),
      };
      if (!acts[event.key]) return;
      event.preventDefault();
      acts[event.key]();
    }

    dismiss() {
      this.#dismissed = this.#typed.start;
      this.close();
    }

    insert(at) {
      const { element } = this;
      const text = `${this.#names[at].insert} `;
      this.close();
      element.setRangeText(text, this.#typed.start, element.selectionEnd, "end");
      element.dispatchEvent(new InputEvent("input", { bubbles: true }));
      element.focus();
    }

    /** Places the list below the line of the caret, or above it where the screen ends; never wider than the screen. */
    place() {
      const { list } = this;
      const { left, top, bottom } = this.caret();
      const { clientWidth } = document.documentElement;
      const bottomOfView = visualViewport ? visualViewport.offsetTop + visualViewport.height : innerHeight;
      const isAbove = bottom + list.offsetHeight > bottomOfView && top > list.offsetHeight;
      list.style.left = `${Math.max(0, Math.min(left, clientWidth - list.offsetWidth)) + scrollX}px`;
      list.style.top = `${(isAbove ? top - list.offsetHeight : bottom) + scrollY}px`;
    }

    /** The place of the @ on the screen, measured in a copy of the text that is laid out as in the textarea. */
    caret() {
      const { element } = this;
      const box = element.getBoundingClientRect();
      const style = getComputedStyle(element);
      const copy = document.createElement("div");
      for (const name of ["font", "letterSpacing", "lineHeight", "padding", "border", "wordBreak", "overflowWrap"]) copy.style[name] = style[name];
      Object.assign(copy.style, { position: "fixed", left: "0", top: "0", visibility: "hidden", boxSizing: "border-box", whiteSpace: "pre-wrap", width: `${element.clientWidth}px` });
      const at = document.createElement("span");
      at.textContent = "@";
      copy.append(element.value.slice(0, this.#typed.start), at);
      document.body.append(copy);
      const { offsetLeft, offsetTop, offsetHeight } = at;
      copy.remove();
      const top = Math.min(box.top + offsetTop - element.scrollTop, box.bottom - offsetHeight);
      return { left: box.left + offsetLeft, top, bottom: top + offsetHeight };
    }
  };
