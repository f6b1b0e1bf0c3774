// The page's own dialogs: a new channel, a new message, members, editing and deleting; and the buttons beside them.
import { post } from "./api.js";
import { go } from "./navigate.js";
import { addressOf, place } from "./place.js";
import { announce } from "./stream.js";

const about = new WeakMap(); // dialog -> what it was opened for

export function openDialog(id, what = {}) {
  const dialog = document.getElementById(id);
  about.set(dialog, what);
  for (const form of dialog.querySelectorAll("form")) form.reset();
  complain(dialog, "");
  dialog.showModal();
  return dialog;
}

export function startDialogs() {
  document.addEventListener("click", ({ target }) => {
    const opener = target.closest("[data-dialog]");
    if (opener) {
      opener.closest("[popover]")?.hidePopover();
      openDialog(opener.dataset.dialog);
    }
    target.closest("[data-cancel]")?.closest("dialog").close();
    const button = target.closest("[data-join], [data-leave], [data-invite], [data-open-dm]");
    if (button) press(button);
  });
  document.addEventListener("submit", (event) => {
    if (!event.target.matches("[data-form]")) return;
    event.preventDefault();
    submit(event.target);
  });
}

function press(button) {
  const { join, leave, invite, openDm } = button.dataset;
  if (join) return act(button, "join", { channel: join }, null);
  if (leave) return act(button, "leave", { channel: leave }, place().show ? null : {});
  if (invite) return act(button, "invite", { channel: place().channel, users: [invite] }, null);
  return act(button, "open_dm", { users: [openDm] }, undefined);
}

// `where`: null stays here and draws it anew, undefined goes to the channel that was answered.
async function act(button, path, body, where) {
  const answer = await post(path, { user: place().user, ...body });
  const dialog = button.closest("dialog");
  if (!answer.ok) {
    if (dialog) complain(dialog, answer.message);
    else announce(answer.message);
    return;
  }
  dialog?.close();
  go(where === null ? location.href : addressOf(where ?? { channel: answer.channel }));
}

const FORMS = {
  create: (form) => ({ name: form.get("name"), topic: form.get("topic"), private: form.has("private") }),
  open_dm: (form) => ({ users: form.getAll("users") }),
  edit: (form) => ({ text: form.get("text") }),
  delete: () => ({}),
  function: (form, node) => ({ callback_id: node.dataset.callback, inputs: inputsOf(node) }),
};

async function submit(form) {
  const kind = form.dataset.form;
  const dialog = form.closest("dialog");
  const answer = await post(kind, { user: place().user, ...about.get(dialog), ...FORMS[kind](new FormData(form), form) });
  if (!answer.ok) return complain(dialog, answer.message ?? answer.error);
  dialog.close();
  if (kind === "create" || kind === "open_dm") go(addressOf({ channel: answer.channel }));
  return null;
}

// The inputs of a custom step, in the types that its parameters name.
function inputsOf(form) {
  const inputs = {};
  for (const { name, value, dataset } of form.querySelectorAll("input[name]")) {
    if (value) inputs[name] = typed(value, dataset.type);
  }
  return inputs;
}

function typed(value, type) {
  if (type === "boolean") return value === "true";
  return ["integer", "number"].includes(type) && value.trim() && !Number.isNaN(Number(value)) ? Number(value) : value;
}

function complain(dialog, words) {
  const error = dialog.querySelector(".field-error");
  error.textContent = words ?? "";
  error.hidden = !words;
}
