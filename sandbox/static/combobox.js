// Selects whose options the app gives while one types.
import { post } from "./api.js";
import { surfaceOf } from "./place.js";

const PAUSE = 250;
const timers = new WeakMap();

const box = (node) => node.closest?.(".combobox");
const control = (combobox) => combobox.closest("[data-control]");
const input = (combobox) => combobox.querySelector("[role=combobox]");
const listbox = (combobox) => combobox.querySelector("[role=listbox]");
const many = (combobox) => control(combobox).dataset.control === "external-many";

export function startComboboxes() {
  document.addEventListener("input", ({ target }) => {
    if (!target.matches("[role=combobox]")) return;
    if (!many(box(target))) box(target).querySelector(".tokens").replaceChildren();
    later(box(target));
  });
  document.addEventListener("focusin", ({ target }) => {
    if (target.matches("[role=combobox]") && control(box(target)).dataset.minQuery === "0") search(box(target));
  });
  document.addEventListener("focusout", ({ target }) => {
    if (target.matches("[role=combobox]")) hide(box(target));
  });
  document.addEventListener("mousedown", (event) => {
    const option = event.target.closest(".combobox [role=option]");
    if (!option) return;
    event.preventDefault();
    choose(box(option), option);
  });
  document.addEventListener("click", ({ target }) => {
    if (target.matches(".token-remove")) drop(target.closest(".token"));
  });
  document.addEventListener("keydown", onKey, true);
}

function later(combobox) {
  clearTimeout(timers.get(combobox));
  timers.set(combobox, setTimeout(() => search(combobox), PAUSE));
}

async function search(combobox) {
  const { blockId: block_id, actionId: action_id, minQuery } = control(combobox).dataset;
  const value = input(combobox).value;
  if (value.length < Number(minQuery)) return hide(combobox);
  const answer = await post("options", { ...surfaceOf(combobox), block_id, action_id, value });
  if (input(combobox).value !== value) return null; // typed on meanwhile
  return fill(combobox, answer.ok ? answer : null);
}

function fill(combobox, answer) {
  const groups = answer?.option_groups ?? [{ options: answer?.options ?? [] }];
  const rows = groups.flatMap(({ label, options }) => [...(label ? [title(label)] : []), ...options.map(row)]);
  const nothing = answer ? "Nothing found" : "The app did not answer.";
  listbox(combobox).replaceChildren(...(rows.length ? rows : [note(nothing)]));
  listbox(combobox).hidden = false;
  input(combobox).setAttribute("aria-expanded", "true");
}

const wordsOf = (text) => typeof text === "string" ? text : text?.text ?? "";

function item(words, className) {
  const node = document.createElement("li");
  node.className = className;
  node.textContent = words;
  return node;
}

const title = (label) => item(wordsOf(label), "listbox-title");
const note = (words) => item(words, "listbox-note");

function row(option, at) {
  const node = item(wordsOf(option.text), "listbox-option");
  node.id = `option-${at}-${Math.random().toString(36).slice(2)}`;
  node.setAttribute("role", "option");
  node.setAttribute("aria-selected", "false");
  node.dataset.value = option.value;
  return node;
}

function choose(combobox, option) {
  const token = item("", "token");
  token.dataset.value = option.dataset.value;
  const words = document.createElement("span");
  words.textContent = option.textContent;
  token.append(words);
  const tokens = combobox.querySelector(".tokens");
  if (many(combobox)) {
    token.append(remover(option.textContent));
    tokens.append(token);
    input(combobox).value = "";
  } else {
    tokens.replaceChildren(token);
    input(combobox).value = option.textContent;
  }
  hide(combobox);
  changed(combobox);
}

function remover(words) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "token-remove";
  button.textContent = "×";
  button.setAttribute("aria-label", `Remove ${words}`);
  return button;
}

function drop(token) {
  const combobox = box(token);
  token.remove();
  changed(combobox);
}

const changed = (combobox) => control(combobox).dispatchEvent(new Event("change", { bubbles: true }));

function hide(combobox) {
  clearTimeout(timers.get(combobox));
  listbox(combobox).hidden = true;
  input(combobox).setAttribute("aria-expanded", "false");
  input(combobox).removeAttribute("aria-activedescendant");
}

function onKey(event) {
  const combobox = event.target.matches?.("[role=combobox]") && box(event.target);
  if (!combobox || listbox(combobox).hidden) return;
  const options = [...listbox(combobox).querySelectorAll("[role=option]")];
  const at = options.findIndex((option) => option.getAttribute("aria-selected") === "true");
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    mark(combobox, options, (at + (event.key === "ArrowDown" ? 1 : -1) + options.length) % options.length);
  } else if (event.key === "Enter" && options.length) {
    event.preventDefault();
    event.stopPropagation();
    choose(combobox, options[Math.max(at, 0)]);
  } else if (event.key === "Escape") {
    event.preventDefault();
    event.stopPropagation();
    hide(combobox);
  }
}

function mark(combobox, options, chosen) {
  options.forEach((option, at) => option.setAttribute("aria-selected", String(at === chosen)));
  if (!options[chosen]) return;
  input(combobox).setAttribute("aria-activedescendant", options[chosen].id);
  options[chosen].scrollIntoView({ block: "nearest" });
}
