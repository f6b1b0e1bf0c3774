// The search fields: Enter shows what is found.
import { go } from "./navigate.js";
import { addressOf, place } from "./place.js";

export function startSearch() {
  document.addEventListener("submit", (event) => {
    if (!event.target.matches("[data-search]")) return;
    event.preventDefault();
    const words = event.target.querySelector("input").value.trim();
    if (words) go(addressOf({ channel: place().channel, show: "search", q: words }));
  });
  document.addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    document.querySelector(".search-words")?.focus();
  });
}
