const kPauseMs = 1_000; // after the last letter: a name that is still being typed is no mistake
const kMention = /@[\p{L}\p{N}_#]+/gu;

/**
 * Which mentions of a form's text name nobody, said while one writes (features/notifications/unresolved.html). The server reads
 * the text, because it knows what is code and who is meant; it is asked only when something behind an @ has changed.
 */
export const unresolved = (Controller) =>
  class extends Controller {
    #asked = "";
    #timer = 0;
    #question = null;

    connect() {
      this.field = this.element.closest("form").elements.namedItem("content");
      this.look = this.look.bind(this);
      this.field.addEventListener("input", this.look);
      this.look();
    }

    disconnect() {
      this.field.removeEventListener("input", this.look);
      this.#stop();
    }

    look() {
      const written = (this.field.value.match(kMention) ?? []).join(" ");
      if (written === this.#asked) return;
      this.#stop();
      this.#timer = setTimeout(() => this.#ask(written), written ? kPauseMs : 0);
    }

    #stop() {
      clearTimeout(this.#timer);
      this.#question?.abort();
    }

    async #ask(written) {
      this.#asked = written;
      if (!written) return this.#show([]);
      this.#question = new AbortController();
      const body = new URLSearchParams({ content: this.field.value });
      try {
        const answer = await fetch("/mentions", { method: "POST", body, signal: this.#question.signal, headers: { accept: "application/json" } });
        if (answer.ok) this.#show(await answer.json());
      } catch {
        // Aborted, or no connection: whatever was not shown is shown when the form is sent.
      }
    }

    #show(names) {
      const all = names.join(" ");
      this.element.querySelector("[name=unresolved]").value = all;
      this.element.querySelector("p").textContent = all && this.element.dataset.text.replace("{names}", all);
    }
  };
