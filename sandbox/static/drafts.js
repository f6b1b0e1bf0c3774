// What was typed and not sent stays in its place, also when one goes elsewhere or reloads the page.
const key = (composer) => `draft:${composer.dataset.key}`;
const composers = () => document.querySelectorAll("[data-composer]");

export function startDrafts() {
  document.addEventListener("input", ({ target }) => {
    const composer = target instanceof HTMLTextAreaElement && target.closest("[data-composer]");
    if (composer) keep(composer, target.value);
  });
  restoreDrafts();
}

export function keep(composer, words) {
  if (words) sessionStorage.setItem(key(composer), words);
  else sessionStorage.removeItem(key(composer));
}

export function restoreDrafts() {
  for (const composer of composers()) {
    const text = composer.querySelector("textarea");
    const words = sessionStorage.getItem(key(composer));
    if (!words || text.value) continue;
    text.value = words;
    text.dispatchEvent(new Event("input", { bubbles: true }));
  }
}
