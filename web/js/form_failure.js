// A form that got no answer from the site: no connection, or a refusal by Nginx, which does not have the typed text. The page
// then stays as it is, with a message beside the form's button.

function showMessage(form, status) {
  const { dataset } = document.getElementById("page-data");
  let line = form.querySelector("[data-unsent]");
  if (!line) {
    line = document.createElement("p");
    line.className = "notice notice-danger";
    line.role = "alert";
    line.dataset.unsent = "";
    form.append(line);
  }
  line.textContent = dataset[`unsent-${status}`] ?? dataset.unsent;
}

const isForm = (target) => target instanceof HTMLFormElement && target.method === "post";

export function start() {
  document.addEventListener("turbo:before-fetch-response", (event) => {
    const { response } = event.detail.fetchResponse;
    if (event.defaultPrevented || !isForm(event.target) || response.ok || response.headers.has("x-member")) return;
    event.preventDefault();
    showMessage(event.target, response.status);
  });
  document.addEventListener("turbo:fetch-request-error", (event) => {
    if (!isForm(event.target)) return;
    event.preventDefault();
    showMessage(event.target, 0);
  });
  document.addEventListener("turbo:submit-start", ({ target }) => target.querySelector("[data-unsent]")?.remove());
}
