let withdraw = () => {};

/**
 * Asks `message` in the layout's <dialog id="confirm">, for Turbo's data-turbo-confirm; true when the visitor agrees.
 * The button is called what data-confirm-label of the button or its form says.
 */
export function ask(message, form, submitter) {
  const dialog = document.getElementById("confirm");
  // A dialog's close event comes a moment later: the previous question may still wait for it.
  withdraw();
  const accept = dialog.querySelector("[value=accept]");
  dialog.querySelector("[data-message]").textContent = message;
  accept.textContent = submitter?.dataset.confirmLabel ?? form.dataset.confirmLabel ?? accept.dataset.label;
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    const settle = (agreed) => {
      dialog.removeEventListener("close", closed);
      resolve(agreed);
    };
    const closed = () => {
      if (!dialog.open) settle(dialog.returnValue === "accept");
    };
    withdraw = () => settle(false);
    dialog.addEventListener("close", closed);
  });
}
