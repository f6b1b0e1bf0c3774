// Follows links inside the page without a reload: other channels, threads and people.
import { refreshAlerts } from "./alerts.js";
import { restoreDrafts } from "./drafts.js";
import { lookAtApp } from "./home.js";
import { arrangeModals } from "./modals.js";
import { morph } from "./patch.js";
import { app, place, zone } from "./place.js";
import { followEnd, pointAt, toEnd } from "./scroll.js";
import { connect, disconnect } from "./stream.js";
import { refreshTimes } from "./times.js";

const roomy = () => window.matchMedia("(min-width: 700px)").matches;

async function show(url) {
  const address = new URL(url, location.href);
  address.searchParams.set("since", place().since);
  address.searchParams.set("zone", zone());
  let html;
  try {
    const response = await fetch(address);
    if (!response.ok) throw new Error(String(response.status));
    html = await response.text();
  } catch {
    location.assign(url);
    return;
  }
  swap(new DOMParser().parseFromString(html, "text/html").getElementById("app"));
}

function swap(fresh) {
  const before = { ...place() };
  disconnect();
  morph(app(), document.adoptNode(fresh));
  const { channel, user, thread, limit } = place();
  arrangeModals();
  refreshTimes();
  followEnd();
  const moved = channel !== before.channel || user !== before.user || place().show !== before.show;
  const main = document.querySelector(".main [data-scroller]");
  if (main && moved && limit === before.limit) toEnd(main);
  const opened = thread && thread !== before.thread;
  if (opened) toEnd(document.querySelector(".thread [data-scroller]"));
  if (roomy() && (opened || channel !== before.channel)) {
    document.querySelector(`${opened ? ".thread" : ".main"} [data-composer] textarea`)?.focus();
  }
  restoreDrafts();
  pointAt(place().at);
  refreshAlerts();
  lookAtApp();
  connect();
}

export function go(url) {
  if (new URL(url, location.href).href !== location.href) history.pushState(null, "", url);
  document.body.classList.remove("sidebar-open");
  return show(url);
}

export function startNavigation() {
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-navigate]");
    const plain = !event.metaKey && !event.ctrlKey && !event.shiftKey && event.button === 0;
    if (!link || !plain) return;
    event.preventDefault();
    go(link.href);
  });
  window.addEventListener("popstate", () => show(location.href));
}
