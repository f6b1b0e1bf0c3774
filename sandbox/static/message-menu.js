// The menu of a message: the entries that fit it, and what they do.
import { post } from "./api.js";
import { openDialog } from "./dialogs.js";
import { go } from "./navigate.js";
import { addressOf, messageOf, place } from "./place.js";
import { closePop, openPop } from "./pops.js";
import { announce } from "./stream.js";

let chosen = null; // the article whose menu is open

const menu = () => document.getElementById("message-menu");

export function startMessageMenu() {
  document.addEventListener("click", ({ target }) => {
    const opener = target.closest("[data-message-menu]");
    if (opener) open(opener);
    const entry = target.closest("#message-menu [data-action]");
    if (!entry || !chosen?.isConnected) return;
    const article = chosen;
    closePop(menu());
    ACTIONS[entry.dataset.action](article, entry);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "ContextMenu" || (event.shiftKey && event.key === "F10")) {
      const opener = event.target.closest?.("article[data-ts]")?.querySelector("[data-message-menu]");
      if (!opener) return;
      event.preventDefault();
      open(opener);
    }
  });
}

function open(opener) {
  chosen = opener.closest("article");
  const { mine, pinned } = chosen.dataset;
  const fits = { mine: mine !== undefined, others: mine === undefined, pinned: pinned !== undefined, unpinned: pinned === undefined };
  for (const entry of menu().querySelectorAll("[data-for]")) entry.hidden = !fits[entry.dataset.for];
  openPop(menu(), opener);
}

const ACTIONS = {
  thread: (article) => {
    const link = article.querySelector(".toolbar a[data-navigate]");
    if (link) go(link.getAttribute("href"));
    else document.querySelector(".thread [data-composer] textarea")?.focus();
  },
  unread: async (article) => tell(await post("unread", messageOf(article)), article),
  link: async (article) => {
    const { channel, ts } = messageOf(article);
    const { thread } = article.closest(".thread") ? place() : {};
    await navigator.clipboard?.writeText(location.origin + addressOf({ channel, thread, at: ts })).catch(() => {});
    announce("Link copied");
  },
  pin: async (article) => tell(await post("pin", messageOf(article)), article),
  unpin: async (article) => tell(await post("pin", { ...messageOf(article), pinned: false }), article),
  edit: async (article) => {
    const { user, channel, ts } = messageOf(article);
    const answer = await (await fetch(`/control/source?${new URLSearchParams({ user, channel, ts })}`)).json();
    if (!answer.ok) return tell(answer, article);
    const dialog = openDialog("edit-message", messageOf(article));
    const text = dialog.querySelector("textarea");
    text.value = answer.text;
    text.focus();
    return null;
  },
  delete: (article) => openDialog("delete-message", messageOf(article)),
  shortcut: async (article, entry) => {
    const answer = await post("shortcut", { ...messageOf(article), callback_id: entry.dataset.callback });
    if (answer.status >= 300 || !answer.status) announce(answer.message);
  },
};

function tell(answer, article) {
  if (!answer.ok) announce(answer.message ?? answer.error);
  else if (article.isConnected) article.focus({ preventScroll: true });
}
