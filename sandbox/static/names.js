// While one types @name, #channel or :emoji: in a composer, a list offers what it may become.
import { emojiNames } from "./emoji.js";
import { place } from "./place.js";

const MOST = 8;
const HALF = /(?:^|[\s(])(?:([@#])([\w.-]*)|(:)([\w+-]{2,}))$/;
let names = { user: null, rows: [] };

const composerOf = (node) => node.closest?.("[data-composer]");
const list = (composer) => composer.querySelector("[data-names]");
const area = (composer) => composer.querySelector("textarea");
const options = (composer) => [...list(composer).children];

export function startNames() {
  document.addEventListener("input", ({ target }) => {
    if (target instanceof HTMLTextAreaElement && composerOf(target)) offer(composerOf(target));
  });
  document.addEventListener("focusout", ({ target }) => {
    if (composerOf(target)) hide(composerOf(target));
  });
  document.addEventListener("mousedown", (event) => {
    const option = event.target.closest("[data-names] [role=option]");
    if (!option) return;
    event.preventDefault();
    take(composerOf(option), option);
  });
  document.addEventListener("keydown", onKey, true);
}

function half(text) {
  const match = HALF.exec(text.value.slice(0, text.selectionStart));
  return match && { sign: match[1] ?? match[3], typed: (match[2] ?? match[4]).toLowerCase() };
}

async function offer(composer) {
  const text = area(composer);
  const asked = half(text);
  if (!asked || text.value.startsWith("/") && asked.sign === ":") return hide(composer);
  const rows = asked.sign === ":" ? await emojiRows(asked.typed) : await nameRows(asked);
  if (half(text)?.typed !== asked.typed) return null; // typed on meanwhile
  list(composer).replaceChildren(...rows.slice(0, MOST).map(row));
  list(composer).hidden = rows.length === 0;
  if (rows.length) mark(composer, 0);
  else hide(composer);
  return null;
}

async function nameRows({ sign, typed }) {
  const { user } = place();
  if (names.user !== user || typed === "") {
    const answer = await fetch(`/page/names.json?user=${encodeURIComponent(user)}`).then((one) => one.json()).catch(() => ({ names: [] }));
    names = { user, rows: answer.names };
  }
  const fits = (text) => text.toLowerCase().split(/[\s_-]+/).some((word) => word.startsWith(typed)) || text.toLowerCase().startsWith(typed);
  return names.rows.filter((one) => one.sign === sign && (fits(one.name) || sign === "@" && fits(one.about)))
    .map(({ name, about }) => ({ put: `${sign}${name}`, shown: `${sign}${name}`, about }));
}

async function emojiRows(typed) {
  const all = Object.entries(await emojiNames()).filter(([name]) => name.includes(typed));
  all.sort(([one], [other]) => other.startsWith(typed) - one.startsWith(typed));
  return all.map(([name, sign]) => ({ put: `:${name}:`, shown: `${sign} :${name}:`, about: "" }));
}

function row({ put, shown, about }, at) {
  const node = document.createElement("li");
  node.setAttribute("role", "option");
  node.setAttribute("aria-selected", "false");
  node.id = `name-option-${at}`;
  node.dataset.put = put;
  for (const [words, className] of [[shown, "suggestion-command"], [about, "suggestion-about"]]) {
    const part = document.createElement("span");
    part.className = className;
    part.textContent = words;
    node.append(part, " ");
  }
  return node;
}

function mark(composer, at) {
  options(composer).forEach((option, index) => option.setAttribute("aria-selected", String(index === at)));
  const option = options(composer)[at];
  area(composer).setAttribute("aria-activedescendant", option.id);
  option.scrollIntoView({ block: "nearest" });
}

function hide(composer) {
  if (list(composer).hidden) return;
  list(composer).hidden = true;
  area(composer).removeAttribute("aria-activedescendant");
}

function take(composer, option) {
  const text = area(composer);
  const { sign, typed } = half(text);
  const from = text.selectionStart - sign.length - typed.length;
  text.setRangeText(`${option.dataset.put} `, from, text.selectionStart, "end");
  hide(composer);
  text.dispatchEvent(new Event("input", { bubbles: true }));
}

function onKey(event) {
  const composer = event.target instanceof HTMLTextAreaElement && composerOf(event.target);
  if (!composer || list(composer).hidden || event.isComposing) return;
  const all = options(composer);
  const at = all.findIndex((option) => option.getAttribute("aria-selected") === "true");
  const steps = { ArrowDown: 1, ArrowUp: -1 };
  if (event.key in steps) mark(composer, (at + steps[event.key] + all.length) % all.length);
  else if (event.key === "Enter" || event.key === "Tab") take(composer, all[Math.max(at, 0)]);
  else if (event.key === "Escape") hide(composer);
  else return;
  event.preventDefault();
  event.stopPropagation();
}
