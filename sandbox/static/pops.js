// Small panes over the page: native popovers, put beside what opened them; arrows move between their entries.
const GAP = 4;
const STEPS = {
  ArrowDown: (at, wide) => at + (at < 0 ? 1 : wide),
  ArrowUp: (at, wide) => at - wide,
  ArrowRight: (at) => at + 1,
  ArrowLeft: (at) => at - 1,
  Home: () => 0,
  End: () => -1,
};
let opener = null;

export const openerOf = () => opener;

export function openPop(pop, by) {
  opener = by;
  pop.showPopover();
  put(pop, by);
  const first = pop.querySelector("input") ?? shown(pop)[0];
  first?.focus();
}

export function closePop(pop) {
  if (pop.matches(":popover-open")) pop.hidePopover();
}

function put(pop, by) {
  const at = by.getBoundingClientRect();
  const { width, height } = pop.getBoundingClientRect();
  const left = Math.max(GAP, Math.min(at.right - width, innerWidth - width - GAP));
  const below = at.bottom + GAP + height <= innerHeight;
  const top = below ? at.bottom + GAP : Math.max(GAP, at.top - GAP - height);
  pop.style.left = `${Math.max(left, Math.min(at.left, innerWidth - width - GAP))}px`;
  pop.style.top = `${top}px`;
}

const shown = (pop) => [...pop.querySelectorAll("button, a")].filter((one) => one.offsetParent !== null && !one.disabled);

export function startPops() {
  document.addEventListener("click", ({ target }) => {
    const by = target.closest("[data-pop]");
    if (by) openPop(document.getElementById(by.dataset.pop), by);
  });
  document.addEventListener("beforetoggle", (event) => {
    if (event.newState === "open" && event.target.id === "alerts") opener = document.querySelector(".bell");
  }, true);
  document.addEventListener("toggle", (event) => {
    const pop = event.target;
    if (!pop.matches?.(".pop")) return;
    if (event.newState === "open") {
      if (opener) put(pop, opener);
    } else if (document.activeElement === document.body && opener?.isConnected) opener.focus();
  }, true);
  document.addEventListener("keydown", (event) => {
    const pop = event.target.closest?.(".pop");
    if (!pop || !(event.key in STEPS)) return;
    const typing = event.target instanceof HTMLInputElement;
    if (typing && event.key !== "ArrowDown") return;
    event.preventDefault();
    move(shown(pop), event);
  });
  document.addEventListener("input", ({ target }) => {
    if (target.matches("[data-filter]")) filter(target);
  });
}

function move(entries, { key, target }) {
  const grid = target.closest(".picker-grid");
  const wide = grid ? getComputedStyle(grid).gridTemplateColumns.split(" ").length : 1;
  entries.at(STEPS[key](entries.indexOf(target), wide) % entries.length)?.focus();
}

// A list with a search field above it.
function filter(field) {
  const words = field.value.trim().toLowerCase();
  for (const row of field.parentElement.querySelectorAll("[data-words]")) row.hidden = !row.dataset.words.includes(words);
}
