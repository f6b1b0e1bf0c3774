// Keeps a list at its end while its reader is there, and where it is otherwise: a button then says that
// something new stands below.
import { place } from "./place.js";

const NEAR = 48;
const reading = new WeakSet(); // scrollers whose reader went up
const ends = new WeakMap(); // the key of each scroller's last message

const scrollers = () => document.querySelectorAll("[data-scroller]");

export function followEnd() {
  for (const scroller of scrollers()) {
    const end = scroller.querySelector("[data-region]")?.lastElementChild?.dataset.key;
    if (!reading.has(scroller)) scroller.scrollTop = scroller.scrollHeight;
    else if (ends.get(scroller) !== end) newer(scroller).hidden = false;
    ends.set(scroller, end);
  }
}

const newer = (scroller) => scroller.querySelector("[data-newer]");

export function toEnd(scroller) {
  reading.delete(scroller);
  newer(scroller).hidden = true;
  scroller.scrollTop = scroller.scrollHeight;
}

// Brings a message into view and marks it, for somebody who came by a link to it.
export function pointAt(ts) {
  const row = ts && document.querySelector(`[data-scroller] [data-key="${CSS.escape(ts)}"]`);
  if (!row) return;
  const scroller = row.closest("[data-scroller]");
  reading.add(scroller);
  row.scrollIntoView({ block: "center" });
  row.querySelector("article")?.focus({ preventScroll: true });
}

export function startScrolling() {
  document.addEventListener("scroll", ({ target }) => {
    if (!target.matches?.("[data-scroller]")) return;
    const below = target.scrollHeight - target.scrollTop - target.clientHeight;
    if (below > NEAR) {
      reading.add(target);
      return;
    }
    reading.delete(target);
    newer(target).hidden = true;
  }, { capture: true, passive: true });
  document.addEventListener("click", ({ target }) => {
    const button = target.closest("[data-newer]");
    if (button) toEnd(button.closest("[data-scroller]"));
  });
  window.addEventListener("resize", followEnd);
  followEnd();
  pointAt(place().at);
}
