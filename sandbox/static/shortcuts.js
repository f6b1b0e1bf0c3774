// The menu of shortcuts beside the composer.
import { post } from "./api.js";
import { place } from "./place.js";
import { closePop } from "./pops.js";
import { announce } from "./stream.js";

export function startShortcuts() {
  document.addEventListener("click", async ({ target }) => {
    const chosen = target.closest("[data-shortcut]");
    if (!chosen) return;
    closePop(document.getElementById("shortcuts-menu"));
    const answer = await post("shortcut", { user: place().user, callback_id: chosen.dataset.shortcut });
    if (answer.status >= 300 || !answer.status) announce(answer.message); // what the app did wrong is told by the page
  });
}
