// Puts server-drawn fragments into the page and disturbs nothing else: an element that stays the same
// stays the same object, so focus, typed text, open menus and scroll positions survive.

// What the person at the page owns; the server's drawing never overwrites it.
const OWNED = new Set([
  "open", "value", "checked", "selected", "disabled",
  "aria-busy", "aria-invalid", "aria-expanded", "aria-activedescendant",
]);

const keyOf = (node) => node.dataset?.key;

export function parse(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  return template.content.firstElementChild;
}

// One region: the keys in order, and the HTML of those that are new or changed.
export function applyPatch({ region, keys, items }) {
  const root = document.querySelector(`[data-region="${region}"]`);
  if (!root) return;
  const wanted = new Set(keys);
  const present = new Map();
  for (const node of [...root.children]) {
    if (wanted.has(keyOf(node))) present.set(keyOf(node), node);
    else remove(node);
  }
  let cursor = root.firstElementChild;
  for (const key of keys) {
    const fresh = key in items ? parse(items[key]) : null;
    const node = present.get(key) ?? fresh;
    if (!node) continue;
    if (fresh && node !== fresh) morph(node, fresh);
    if (node === cursor) cursor = cursor.nextElementSibling;
    else root.insertBefore(node, cursor);
  }
}

function remove(node) {
  if (node instanceof HTMLDialogElement && node.open) node.close(); // gives the focus back
  node.remove();
}

// Makes `old` look like `fresh` with as few changes as possible.
export function morph(old, fresh) {
  if (old.isEqualNode(fresh) || "own" in old.dataset) return;
  syncAttributes(old, fresh);
  if (old instanceof HTMLTextAreaElement) return;
  const chosen = old instanceof HTMLSelectElement ? old.value : null;
  morphChildren(old, fresh);
  if (chosen !== null) old.value = chosen;
}

function syncAttributes(old, fresh) {
  for (const { name } of [...old.attributes]) {
    if (!fresh.hasAttribute(name) && !OWNED.has(name)) old.removeAttribute(name);
  }
  for (const { name, value } of fresh.attributes) {
    if (!OWNED.has(name) && old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
}

function morphChildren(old, fresh) {
  const wanted = new Set([...fresh.children].map(keyOf).filter(Boolean));
  const keyed = new Map();
  for (const child of [...old.children]) {
    const key = keyOf(child);
    if (key && !wanted.has(key)) remove(child);
    else if (key) keyed.set(key, child);
  }
  let cursor = old.firstChild;
  for (const node of [...fresh.childNodes]) {
    const match = keyOf(node) ? keyed.get(keyOf(node)) : alike(cursor, node) ? cursor : null;
    if (!match) {
      old.insertBefore(node, cursor);
      continue;
    }
    if (match === cursor) cursor = cursor.nextSibling;
    else old.insertBefore(match, cursor);
    if (match instanceof HTMLElement) morph(match, node);
    else if (!match.isEqualNode(node)) match.replaceWith(node);
  }
  while (cursor) {
    const next = cursor.nextSibling;
    remove(cursor);
    cursor = next;
  }
}

function alike(old, fresh) {
  return old && old.nodeName === fresh.nodeName && !keyOf(old);
}
