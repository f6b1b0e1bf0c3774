// Files: chosen, dropped or pasted into a composer and sent with the next message; in forms sent at once.
import { place } from "./place.js";

const waiting = new WeakMap(); // composer -> the files to send
const composerOf = (node) => node.closest?.("[data-composer]");

export const filesOf = (composer) => waiting.get(composer) ?? [];

export function startFiles() {
  document.addEventListener("click", ({ target }) => {
    const attach = target.closest("[data-attach]");
    if (attach) composerOf(attach).querySelector("[data-files]").click();
    const gone = target.closest("[data-remove-file]");
    if (gone) drop(gone);
  });
  document.addEventListener("change", ({ target }) => {
    if (!target.matches("[data-files]")) return;
    add(composerOf(target), [...target.files]);
    target.value = "";
  });
  document.addEventListener("paste", (event) => {
    const composer = composerOf(event.target);
    const files = [...(event.clipboardData?.files ?? [])];
    if (!composer || !files.length) return;
    event.preventDefault();
    add(composer, files);
  });
  document.addEventListener("dragover", (event) => {
    if (composerOf(event.target)) event.preventDefault();
  });
  document.addEventListener("drop", (event) => {
    const composer = composerOf(event.target);
    const files = [...(event.dataTransfer?.files ?? [])];
    if (!composer || !files.length) return;
    event.preventDefault();
    add(composer, files);
  });
}

function add(composer, files) {
  waiting.set(composer, [...filesOf(composer), ...files]);
  show(composer);
}

export function forgetFiles(composer) {
  waiting.delete(composer);
  show(composer);
}

function drop(button) {
  const composer = composerOf(button);
  const at = [...button.closest("ul").children].indexOf(button.closest("li"));
  waiting.set(composer, filesOf(composer).filter((_, index) => index !== at));
  show(composer);
  composer.querySelector("textarea").focus();
}

function show(composer) {
  const list = composer.querySelector("[data-pending]");
  list.replaceChildren(...filesOf(composer).map(({ name }) => {
    const row = document.createElement("li");
    row.className = "token";
    const words = document.createElement("span");
    words.textContent = name;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "token-remove";
    button.dataset.removeFile = "";
    button.textContent = "×";
    button.setAttribute("aria-label", `Remove ${name}`);
    row.append(words, button);
    return row;
  }));
  list.hidden = filesOf(composer).length === 0;
  composer.querySelector("textarea").dispatchEvent(new Event("input", { bubbles: true }));
}

// Sends files to the sandbox; with a channel they become a message there.
export async function upload(files, where = {}) {
  const form = new FormData();
  for (const [name, value] of Object.entries({ user: place().user, ...where })) if (value) form.append(name, value);
  for (const file of files) form.append("files", file, file.name);
  try {
    const response = await fetch("/control/upload", { method: "POST", body: form });
    const answer = await response.json();
    return { ...answer, ok: response.ok && answer.ok !== false, status: response.status };
  } catch {
    return { ok: false, status: 0, message: "The sandbox does not answer. Is it still running?" };
  }
}
