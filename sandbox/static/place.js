// Where the page is: who looks, which channel and thread, since when, and in which time zone.
export const app = () => document.getElementById("app");

export const place = () => app().dataset;

export const zone = () => Intl.DateTimeFormat().resolvedOptions().timeZone;

// The query of the stream; `since` keeps private messages on the screen until a real reload.
export function query() {
  const { user, channel, thread, since, limit, show, q, at } = place();
  const all = { user, channel, thread, since, limit, show, q, at, zone: zone() };
  return new URLSearchParams(Object.entries(all).filter(([, value]) => value)).toString();
}

// The address of the page for the same person elsewhere.
export function addressOf(where) {
  const all = { user: place().user, ...where };
  return `/?${new URLSearchParams(Object.entries(all).filter(([, value]) => value))}`;
}

// What the control API wants to know about a click: who, and in which message or view.
export function surfaceOf(node) {
  const { viewId: view_id, channel, ts } = node.closest("[data-surface]").dataset;
  return { user: place().user, ...(view_id ? { view_id } : { channel, ts }) };
}

// Which message a node is part of.
export function messageOf(node) {
  const { channel, ts } = node.closest("article[data-ts]").dataset;
  return { user: place().user, channel, ts };
}
