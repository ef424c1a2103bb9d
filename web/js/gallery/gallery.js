// The pictures of a post, one at a time and large (src/features/files/attachments.html). Without this script a picture opens as a
// page of its own.

const gallery = (Controller) => class extends Controller {
  static targets = ["link", "dialog", "picture", "caption", "place", "step"];

  connect() {
    this.close = this.close.bind(this);
    document.addEventListener("turbo:before-cache", this.close);
    for (const link of this.linkTargets) link.ariaHasPopup = "dialog";
  }

  disconnect() {
    document.removeEventListener("turbo:before-cache", this.close);
  }

  open(event) {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return; // into a new tab
    event.preventDefault();
    for (const step of this.stepTargets) step.hidden = this.linkTargets.length === 1;
    this.show(this.linkTargets.indexOf(event.currentTarget));
    this.dialogTarget.showModal();
  }

  close() {
    this.dialogTarget.close();
  }

  /** A click beside the picture. */
  leave({ target }) {
    if (target === this.dialogTarget) this.close();
  }

  previous() {
    this.show(this.at - 1);
  }

  next() {
    this.show(this.at + 1);
  }

  show(wanted) {
    const count = this.linkTargets.length;
    this.at = (wanted + count) % count;
    const link = this.linkTargets[this.at];
    const small = link.querySelector("img");
    const picture = this.pictureTarget;
    // An element shows the former picture until the next one is there: what comes next begins empty, and as large as it will be.
    picture.removeAttribute("src");
    for (const name of ["alt", "width", "height"]) picture.setAttribute(name, small.getAttribute(name));
    picture.src = link.href;
    this.captionTarget.textContent = small.alt;
    this.placeTarget.textContent = this.placeTarget.dataset.text.replace("{n}", this.at + 1).replace("{all}", count);
  }
};

export function start({ application, Controller }) {
  application.register("gallery", gallery(Controller));
}
