// Writing messages and commands. A slash opens a list of what can be typed; Enter sends.
import { post } from "./api.js";
import { keep } from "./drafts.js";
import { filesOf, forgetFiles, upload } from "./files.js";
import { place } from "./place.js";
import { toEnd } from "./scroll.js";

const form = (node) => node.closest("[data-composer]");
const area = (composer) => composer.querySelector("textarea");
const list = (composer) => composer.querySelector(".suggestions");

export function startComposers() {
  document.addEventListener("input", ({ target }) => {
    const composer = form(target);
    if (composer) changed(composer);
  });
  document.addEventListener("keydown", onKey);
  document.addEventListener("submit", (event) => {
    if (!event.target.matches("[data-composer]")) return;
    event.preventDefault();
    send(event.target);
  });
  document.addEventListener("mousedown", (event) => {
    const option = event.target.closest(".suggestions [role=option]");
    if (!option) return;
    event.preventDefault(); // the focus stays in the text
    take(form(option), option);
  });
  document.addEventListener("click", ({ target }) => {
    const filler = target.closest("[data-fill]:not([role=option])");
    if (filler) fill(document.querySelector(".main [data-composer]"), filler.dataset.fill);
  });
  document.addEventListener("focusout", ({ target }) => {
    if (form(target)) hide(form(target));
  });
}

function changed(composer) {
  const text = area(composer);
  composer.querySelector("[type=submit]").disabled = !text.value.trim() && !filesOf(composer).length;
  complain(composer, "");
  grow(text);
  if (list(composer)) suggest(composer);
}

function grow(text) {
  text.rows = Math.min(Math.max(text.value.split("\n").length, 1), 8);
}

function fill(composer, words) {
  const text = area(composer);
  text.value = words;
  text.focus();
  keep(composer, words);
  changed(composer);
}

function suggest(composer) {
  const typed = area(composer).value.toLowerCase();
  let shown = 0;
  for (const option of list(composer).children) {
    option.hidden = !typed.startsWith("/") || !option.dataset.fill.startsWith(typed.trimEnd());
    option.setAttribute("aria-selected", "false");
    shown += !option.hidden;
  }
  list(composer).hidden = shown === 0;
  area(composer).removeAttribute("aria-activedescendant");
}

function hide(composer) {
  if (list(composer)) list(composer).hidden = true;
  area(composer).removeAttribute("aria-activedescendant");
}

const selected = (composer) => list(composer)?.querySelector("[aria-selected=true]:not([hidden])");

function move(composer, step) {
  const options = [...list(composer).children].filter((option) => !option.hidden);
  const at = options.indexOf(selected(composer));
  const next = options[(at + step + options.length + (at < 0 && step < 0 ? 1 : 0)) % options.length];
  for (const option of options) option.setAttribute("aria-selected", String(option === next));
  area(composer).setAttribute("aria-activedescendant", next.id);
  next.scrollIntoView({ block: "nearest" });
}

function take(composer, option) {
  fill(composer, `${option.dataset.fill} `);
  hide(composer);
}

function onKey(event) {
  const composer = form(event.target);
  if (!composer || !(event.target instanceof HTMLTextAreaElement) || event.isComposing) return;
  const open = list(composer) && !list(composer).hidden;
  if (open && ["ArrowDown", "ArrowUp"].includes(event.key)) {
    event.preventDefault();
    move(composer, event.key === "ArrowDown" ? 1 : -1);
  } else if (open && event.key === "Escape") {
    event.preventDefault();
    hide(composer);
  } else if (open && (event.key === "Tab" || event.key === "Enter") && completes(composer, event.key)) {
    event.preventDefault();
    take(composer, selected(composer) ?? list(composer).querySelector("[role=option]:not([hidden])"));
  } else if (event.key === "Enter" && !event.shiftKey) {
    event.preventDefault();
    send(composer);
  }
}

// Tab takes the first one; Enter takes the one that was moved to, or ends a half-typed command.
function completes(composer, key) {
  const typed = area(composer).value.trim();
  const commands = [...list(composer).children].map((option) => option.dataset.command);
  const isHalf = !commands.includes(typed) && commands.some((command) => command.startsWith(typed));
  return key === "Tab" || selected(composer) !== null || isHalf;
}

async function send(composer) {
  const text = area(composer);
  const typed = text.value.trim();
  const files = filesOf(composer);
  if (!typed && !files.length) return;
  const { user, channel } = place();
  const thread_ts = composer.dataset.thread || undefined;
  const broadcast = composer.querySelector("[data-broadcast]")?.checked || undefined;
  const isCommand = typed.startsWith("/") && !files.length;
  fill(composer, "");
  hide(composer);
  toEnd(document.querySelector(thread_ts ? ".thread [data-scroller]" : ".main [data-scroller]"));
  const body = { user, channel, text: typed, thread_ts };
  const answer = files.length
    ? await upload(files, { channel, thread_ts, text: typed })
    : await post(isCommand ? "command" : "post", isCommand ? body : { ...body, broadcast });
  const told = answer.status >= 200 && answer.status < 300; // a refusal comes as Slackbot's line
  if (answer.ok || told) return forgetFiles(composer);
  if (!composer.isConnected) return;
  if (!text.value) fill(composer, typed);
  complain(composer, answer.message ?? `It was not sent (${answer.error ?? answer.status}).`);
}

function complain(composer, words) {
  const error = composer.querySelector("[data-composer-error]");
  error.textContent = words;
  error.hidden = !words;
}
