import { Controller } from "@hotwired/stimulus";

// The two-level menu, after the WAI-ARIA example "Disclosure Navigation Menu with Top-Level Links": each link with a second
// level has a button beside it that unfolds it. On a phone one more button unfolds the whole menu.
export default class extends Controller {
  static targets = ["toggle", "branch"];

  toggle() {
    this.unfold(this.toggleTarget, this.toggleTarget.getAttribute("aria-expanded") !== "true");
  }

  branch({ currentTarget }) {
    const open = currentTarget.getAttribute("aria-expanded") !== "true";
    this.closeBranches();
    this.unfold(currentTarget, open);
  }

  keydown(event) {
    if (event.key === "Escape") this.escape();
    else if (event.key === "ArrowDown" || event.key === "ArrowUp") this.step(event);
  }

  // A click or the focus went elsewhere.
  leave({ target, relatedTarget, type }) {
    const to = type === "focusout" ? relatedTarget : target;
    if (to && !this.element.contains(to)) this.closeBranches();
  }

  escape() {
    const open = this.branchTargets.find((button) => button.getAttribute("aria-expanded") === "true");
    if (open) {
      this.unfold(open, false);
      open.focus();
    } else if (this.hasToggleTarget && this.toggleTarget.getAttribute("aria-expanded") === "true") {
      this.unfold(this.toggleTarget, false);
      this.toggleTarget.focus();
    }
  }

  // Arrow keys walk through an unfolded second level, and from its button into it.
  step(event) {
    const item = event.target.closest("[data-branch]");
    const button = item?.querySelector("[data-menu-target=branch]");
    if (button?.getAttribute("aria-expanded") !== "true") return;
    const stops = [button, ...item.querySelectorAll(":scope > ul a")];
    const next = stops[stops.indexOf(event.target) + (event.key === "ArrowDown" ? 1 : -1)];
    if (!next) return;
    event.preventDefault();
    next.focus();
  }

  closeBranches() {
    for (const button of this.branchTargets) this.unfold(button, false);
  }

  unfold(button, open) {
    button.setAttribute("aria-expanded", String(open));
  }
}
