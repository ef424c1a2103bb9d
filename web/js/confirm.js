/**
 * Asks `message` in the layout's <dialog id="confirm">, for Turbo's data-turbo-confirm; true when the visitor agrees.
 * The button is called what data-confirm-label of the button or its form says.
 */
export function ask(message, form, submitter) {
  const dialog = document.getElementById("confirm");
  const accept = dialog.querySelector("[value=accept]");
  dialog.querySelector("[data-message]").textContent = message;
  accept.textContent = submitter?.dataset.confirmLabel ?? form.dataset.confirmLabel ?? accept.dataset.label;
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "accept"), { once: true });
  });
}
