// Makes elements. Text is always text: nothing here reads HTML.
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return node;
}

export const find = (selector, root = document) => root.querySelector(selector);
export const findAll = (selector, root = document) => [...root.querySelectorAll(selector)];

let hiding = 0;

// One line at the top of the page, for a while; without words it goes at once.
export function say(words, stays = false) {
  const line = find("[data-status]");
  clearTimeout(hiding);
  line.textContent = words;
  line.hidden = !words;
  if (words && !stays) hiding = setTimeout(() => say(""), 4000);
}
