// Notifications: they pop up for a while, and the window's title counts them.
import { place } from "./place.js";

const SHOWN_FOR = 7000;
const timers = new WeakMap();

export function startAlerts() {
  document.addEventListener("click", ({ target }) => {
    const link = target.closest("[data-region=alerts] a, [data-region=popups] a");
    if (!link) return;
    link.closest("[popover]")?.hidePopover();
    link.closest(".popup")?.remove();
  });
  refreshAlerts();
}

export function refreshAlerts() {
  const count = document.querySelector("[data-region=alert-count] [data-count]")?.dataset.count;
  document.title = `${count ? `(${count}) ` : ""}${place().title} · Sandbox`;
  for (const popup of document.querySelectorAll(".popup")) {
    if (!timers.has(popup)) timers.set(popup, setTimeout(() => leave(popup), SHOWN_FOR));
  }
}

// Not while somebody is about to use it.
function leave(popup) {
  if (popup.matches(":hover, :focus-within")) timers.set(popup, setTimeout(() => leave(popup), SHOWN_FOR));
  else popup.remove();
}
