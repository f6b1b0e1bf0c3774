// Keeps a list at its end while its reader is there, and where it is otherwise.
const NEAR = 48;
const reading = new WeakSet(); // scrollers whose reader went up

const scrollers = () => document.querySelectorAll("[data-scroller]");

export function followEnd() {
  for (const scroller of scrollers()) {
    if (!reading.has(scroller)) scroller.scrollTop = scroller.scrollHeight;
  }
}

export function toEnd(scroller) {
  reading.delete(scroller);
  scroller.scrollTop = scroller.scrollHeight;
}

export function startScrolling() {
  document.addEventListener("scroll", ({ target }) => {
    if (!target.matches?.("[data-scroller]")) return;
    const below = target.scrollHeight - target.scrollTop - target.clientHeight;
    if (below > NEAR) reading.add(target);
    else reading.delete(target);
  }, { capture: true, passive: true });
  window.addEventListener("resize", followEnd);
  followEnd();
}
