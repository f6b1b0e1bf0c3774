// Listens to the server. Each connection begins with everything, so nothing is missed by a lost one.
import { refreshAlerts } from "./alerts.js";
import { arrangeModals } from "./modals.js";
import { applyPatch } from "./patch.js";
import { app, query } from "./place.js";
import { followEnd } from "./scroll.js";
import { refreshTimes } from "./times.js";

const FIRST_WAIT = 400;
const LONGEST_WAIT = 8000;
let source = null;
let timer = 0;
let wait = FIRST_WAIT;
let fading = 0;

export function connect() {
  clearTimeout(timer);
  source?.close();
  source = new EventSource(`/page/stream?${query()}`);
  source.addEventListener("open", () => {
    wait = FIRST_WAIT;
    say("");
  });
  source.addEventListener("patches", ({ data }) => apply(JSON.parse(data)));
  source.addEventListener("installed", () => location.reload());
  source.addEventListener("error", () => {
    source.close();
    say("Reconnecting…");
    timer = setTimeout(connect, wait);
    wait = Math.min(wait * 2, LONGEST_WAIT);
  });
}

export function disconnect() {
  clearTimeout(timer);
  source?.close();
}

function apply(patches) {
  const focused = document.activeElement;
  const home = focused?.closest("article, dialog");
  for (const patch of patches) applyPatch(patch);
  arrangeModals();
  refreshTimes();
  refreshAlerts();
  followEnd();
  // A button that was pressed and then taken away leaves the focus on its message, not at the page's top.
  if (focused && !focused.isConnected && home?.isConnected && document.activeElement === document.body) {
    home.focus({ preventScroll: true });
  }
  app().dataset.live = "true";
}

// A word on what was done or could not be, gone after a while.
export function announce(words) {
  say(words);
  clearTimeout(fading);
  fading = setTimeout(() => {
    if (document.querySelector("[data-status]").textContent === words) say("");
  }, 5000);
}

function say(words) {
  const line = document.querySelector("[data-status]");
  if (!line) return;
  line.textContent = words;
  line.hidden = !words;
}
