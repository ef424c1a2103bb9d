const kPauseMs = 1_000; // after the last letter, because an unfinished name is no mistake
const kMention = /@[\p{L}\p{N}_#]+/gu;

/**
 * Shows which mentions of a form's text match no member, while somebody writes (features/notifications/unresolved.html). The
 * server reads the text, because it knows code blocks and members; it is asked only when something after an @ has changed.
 */
export const unresolved = (Controller) =>
  class extends Controller {
    #checked = "";
    #timer = 0;
    #request = null;

    connect() {
      this.field = this.element.closest("form").elements.namedItem("content");
      this.update = this.update.bind(this);
      this.field.addEventListener("input", this.update);
      this.update();
    }

    disconnect() {
      this.field.removeEventListener("input", this.update);
      this.#stop();
    }

    update() {
      const written = (this.field.value.match(kMention) ?? []).join(" ");
      if (written === this.#checked) return;
      this.#stop();
      this.#timer = setTimeout(() => this.#ask(written), written ? kPauseMs : 0);
    }

    #stop() {
      clearTimeout(this.#timer);
      this.#request?.abort();
    }

    async #ask(written) {
      this.#checked = written;
      if (!written) return this.#show([]);
      this.#request = new AbortController();
      const body = new URLSearchParams({ content: this.field.value });
      try {
        const answer = await fetch("/mentions", { method: "POST", body, signal: this.#request.signal, headers: { accept: "application/json" } });
        if (answer.ok) this.#show(await answer.json());
      } catch {
        // Aborted, or no connection: the server shows the same when the form is sent.
      }
    }

    #show(names) {
      const all = names.join(" ");
      this.element.querySelector("[name=unresolved]").value = all;
      this.element.querySelector("p").textContent = all && this.element.dataset.text.replace("{names}", all);
    }
  };
