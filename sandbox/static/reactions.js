// Reactions: a press on one gives or takes one's own; the picker adds others.
import { post } from "./api.js";
import { emojiNames } from "./emoji.js";
import { messageOf } from "./place.js";
import { closePop, openPop } from "./pops.js";
import { announce } from "./stream.js";

const OFTEN = ["+1", "white_check_mark", "eyes", "tada", "heart", "joy", "rocket", "pray"];
let wanted = null; // the message to react to

const picker = () => document.getElementById("reaction-picker");

export function startReactions() {
  document.addEventListener("click", ({ target }) => {
    const pill = target.closest("[data-react]");
    if (pill) react(messageOf(pill), pill.dataset.react);
    const opener = target.closest("[data-add-reaction]");
    if (opener) offer(opener);
    const found = target.closest("[data-emoji-grid] [data-name]");
    if (!found || !wanted) return;
    closePop(picker());
    react(wanted, found.dataset.name);
  });
  document.addEventListener("input", ({ target }) => {
    if (target.matches("[data-emoji-words]")) fill(target.value.trim().toLowerCase());
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !event.target.matches?.("[data-emoji-words]")) return;
    event.preventDefault();
    picker().querySelector("[data-emoji-grid] button")?.click();
  });
}

async function react(message, name) {
  const answer = await post("react", { ...message, name });
  if (!answer.ok) announce(answer.message ?? answer.error);
}

async function offer(opener) {
  wanted = messageOf(opener);
  picker().querySelector("input").value = "";
  await fill("");
  openPop(picker(), opener);
}

async function fill(words) {
  const emoji = await emojiNames();
  const names = words ? Object.keys(emoji).filter((name) => name.includes(words)) : [...OFTEN, ...Object.keys(emoji)];
  const seen = new Set(names);
  picker().querySelector("[data-emoji-grid]").replaceChildren(...[...seen].slice(0, 240).map((name) => button(name, emoji[name])));
  picker().querySelector("[data-emoji-none]").hidden = names.length > 0;
}

function button(name, sign) {
  const node = document.createElement("button");
  node.type = "button";
  node.className = "emoji";
  node.dataset.name = name;
  node.textContent = sign;
  node.title = `:${name}:`;
  node.setAttribute("aria-label", name.replaceAll("_", " "));
  return node;
}
