// Clicks and choices in messages and modals: asks for confirmation where wanted, then tells the app.
import { post } from "./api.js";
import { read, valuesOf } from "./controls.js";
import { surfaceOf } from "./place.js";
import { uploadsDone } from "./uploads.js";

const TYPING_PAUSE = 300;

export function startActions() {
  document.addEventListener("click", onClick);
  document.addEventListener("change", onChange);
  document.addEventListener("keydown", onKey);
  document.addEventListener("input", onInput);
}

async function onClick(event) {
  const answer = event.target.closest("[data-confirm]");
  if (answer) answer.closest("dialog").close(answer.dataset.confirm);
  const sender = event.target.closest("[data-send]");
  if (!sender || sender.getAttribute("aria-busy") === "true") return;
  const { href } = sender;
  const asks = sender.closest(".asks");
  if (asks && href) event.preventDefault();
  if (!(await confirmed(asks))) return;
  if (asks && href) window.open(href, "_blank", "noopener");
  sender.setAttribute("aria-busy", "true");
  await send(sender, sender.dataset.value ?? null);
  sender.removeAttribute("aria-busy");
}

async function onChange(event) {
  if (event.target.matches("[role=combobox]")) return; // its module says when something was chosen
  const control = event.target.closest("[data-dispatch=change]");
  if (!control || !(await confirmed(control))) return;
  await uploadsDone();
  send(control, read(control));
}

function onKey(event) {
  const control = event.key === "Enter" && event.target.closest("[data-dispatch=enter]");
  if (!control || event.target instanceof HTMLTextAreaElement && event.shiftKey) return;
  event.preventDefault();
  send(control, read(control));
}

const pauses = new WeakMap();

function onInput(event) {
  const control = event.target.closest("[data-dispatch=character]");
  if (!control) return;
  clearTimeout(pauses.get(control));
  pauses.set(control, setTimeout(() => send(control, read(control)), TYPING_PAUSE));
}

// `sender` carries the block and action id; the message or view around it says where the click goes.
async function send(sender, value) {
  await uploadsDone();
  const { blockId: block_id, actionId: action_id } = sender.dataset;
  const state = valuesOf(sender.closest("[data-surface]"));
  return post("click", { ...surfaceOf(sender), block_id, action_id, value, state });
}

function confirmed(near) {
  const dialog = near?.querySelector("[data-confirm-dialog]");
  if (!dialog) return true;
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}
