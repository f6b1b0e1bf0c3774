// The stack of open views: the top one is shown, the ones below wait with what was typed in them.
import { post } from "./api.js";
import { valuesOf } from "./controls.js";
import { surfaceOf } from "./place.js";
import { uploadsDone } from "./uploads.js";

const NO_ANSWER = "The app did not answer. Try again in a moment.";

const modals = () => [...document.querySelectorAll("[data-region=views] > dialog")];

export function arrangeModals() {
  const stack = modals();
  const top = stack.pop();
  for (const dialog of stack) if (dialog.open) dialog.close();
  if (!top || top.open) return;
  top.showModal();
  const first = top.querySelector("[autofocus]") ?? top.querySelector(".modal-blocks :is(input, select, textarea)");
  (first ?? top).focus();
}

export function startModals() {
  document.addEventListener("submit", (event) => {
    if (!event.target.matches("[data-submit]")) return;
    event.preventDefault();
    const ready = event.target.querySelector("[type=submit]:not(:disabled, [aria-busy=true])");
    if (ready) submit(event.target.closest("dialog"), ready);
  });
  document.addEventListener("click", ({ target }) => {
    const button = target.closest("[data-close]");
    if (button) close(button.closest("dialog"), button.dataset.close === "stack");
  });
  document.addEventListener("keydown", (event) => {
    const dialog = event.key === "Escape" && event.target.closest("dialog");
    if (!dialog || !dialog.matches(".modal") || event.defaultPrevented) return;
    event.preventDefault();
    close(dialog, false);
  });
  document.addEventListener("cancel", (event) => {
    if (!event.target.matches("dialog.modal")) return;
    event.preventDefault();
    close(event.target, false);
  }, true);
  document.addEventListener("input", ({ target }) => {
    const button = target.closest("dialog.modal")?.querySelector("[type=submit]:disabled");
    if (button) button.disabled = false; // a view that waits for its first change
  });
  // What was wrong about a field is over with its first change, whatever the next submit says.
  for (const kind of ["input", "change"]) {
    document.addEventListener(kind, ({ target }) => {
      const field = target.closest("dialog.modal [data-field]");
      if (field) clearErrors(field);
    });
  }
}

// Gone at once, as in Slack. Should the server not have closed it, the next connection brings it back.
function close(dialog, clear) {
  const closing = { ...surfaceOf(dialog), clear };
  for (const gone of clear ? modals() : [dialog]) {
    if (gone.open) gone.close(); // gives the focus back
    gone.remove();
  }
  arrangeModals();
  return post("close", closing);
}

async function submit(dialog, button) {
  clearErrors(dialog);
  button.setAttribute("aria-busy", "true");
  await uploadsDone();
  const answer = await post("submit", { ...surfaceOf(dialog), values: valuesOf(dialog) });
  button.removeAttribute("aria-busy");
  if (answer.errors) showErrors(dialog, answer.errors);
  else if (!answer.ok) trouble(dialog, answer.message ?? NO_ANSWER);
}

// Of a whole dialog, or of one field.
function clearErrors(place) {
  for (const error of place.querySelectorAll(".field-error, [data-trouble]")) {
    error.hidden = true;
    error.textContent = "";
  }
  for (const input of place.querySelectorAll("[aria-invalid]")) input.removeAttribute("aria-invalid");
}

function showErrors(dialog, errors) {
  let first = null;
  for (const field of dialog.querySelectorAll("[data-field]")) {
    const words = errors[field.dataset.field];
    if (!words) continue;
    const error = field.querySelector(".field-error");
    error.textContent = words;
    error.hidden = false;
    const input = field.querySelector("input:not([type=checkbox], [type=radio]), select, textarea, [role=group], [role=radiogroup]");
    input?.setAttribute("aria-invalid", "true");
    first ??= field.querySelector("input, select, textarea");
  }
  if (first) first.focus();
  else trouble(dialog, Object.values(errors)[0] ?? NO_ANSWER);
}

// A banner drawn by the server says it already when the app failed.
function trouble(dialog, words) {
  setTimeout(() => {
    if (!dialog.isConnected || dialog.querySelector(".banner:not([data-trouble])")) return;
    const banner = dialog.querySelector("[data-trouble]");
    banner.textContent = words;
    banner.hidden = false;
  }, 150);
}
