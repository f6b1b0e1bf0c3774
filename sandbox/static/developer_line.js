// The time line: one entry for each request and call, which opens to show everything about it.
import { post } from "./api.js";
import { el, find, say } from "./dom.js";

const SEVERITIES = { error: "Error", warning: "Warning", note: "Note" };
const shown = new Map(); // id -> {item, signature}
let lastTotal = 0;

export function startEntries() {
  find("[data-clear]").addEventListener("click", async () => {
    const answer = await post("clear", {});
    if (!answer.ok) say(answer.message);
  });
}

export function showCount(total, isFiltered) {
  if (total !== undefined) lastTotal = total;
  const count = shown.size;
  const words = `${count} ${count === 1 ? "entry" : "entries"}`;
  find("[data-counted]").textContent = count < lastTotal ? `${words} of ${lastTotal}` : words;
  const nothing = find("[data-nothing]");
  nothing.hidden = count > 0;
  if (isFiltered && lastTotal > 0) nothing.textContent = "Nothing fits the filter.";
}

export function showKinds(kinds) {
  const select = find("[data-kinds]");
  const chosen = select.value;
  const known = [...select.options].slice(1).map((option) => option.value);
  if (known.join() === kinds.join()) return;
  const all = kinds.includes(chosen) || !chosen ? kinds : [...kinds, chosen].sort();
  select.replaceChildren(select.options[0], ...all.map((kind) => el("option", { value: kind }, kind)));
  select.value = chosen;
}

// Newest first. What is there already stays the same element, so that an open entry stays open.
export function showEntries(entries) {
  const list = find("[data-entries]");
  const wanted = new Set(entries.map((entry) => entry.id));
  for (const [id, { item }] of shown) {
    if (wanted.has(id)) continue;
    item.remove();
    shown.delete(id);
  }
  let cursor = list.firstElementChild;
  for (const entry of entries) {
    const signature = `${entry.at} ${entry.violations.length}`;
    const known = shown.get(entry.id);
    if (known && known.signature === signature) {
      if (known.item === cursor) cursor = cursor.nextElementSibling;
      else list.insertBefore(known.item, cursor);
      continue;
    }
    if (known?.item === cursor) cursor = cursor.nextElementSibling;
    known?.item.remove();
    const item = draw(entry);
    shown.set(entry.id, { item, signature });
    list.insertBefore(item, cursor);
  }
}

function draw(entry) {
  const body = el("div", { class: "entry-body" });
  const details = el("details", { class: `entry ${entry.direction} ${entry.state}`, "data-id": entry.id });
  details.append(summary(entry), body);
  details.addEventListener("toggle", () => {
    if (details.open && !body.hasChildNodes()) fill(entry, body);
  });
  return el("li", {}, details);
}

function summary(entry) {
  const isRequest = entry.direction === "request";
  const worst = entry.violations.filter(({ severity }) => severity !== "note");
  return el(
    "summary",
    {},
    el("span", { class: "way", title: isRequest ? "Request to the app" : "Call of the app" },
      el("span", { "aria-hidden": "true" }, isRequest ? "→" : "←"),
      el("span", { class: "sr-only" }, isRequest ? "Request to the app:" : "Call of the app:")),
    el("span", { class: "kind" }, entry.kind),
    el("span", { class: "headline" }, entry.headline),
    worst.length ? el("span", { class: "worst" }, worst[0].sentence) : null,
    el("span", { class: "badge" }, badge(entry)),
    el("span", { class: "took" }, took(entry.seconds)),
    el("time", { datetime: new Date(entry.at * 1000).toISOString() }, clock(entry.at)),
  );
}

function badge(entry) {
  if (entry.state === "ok") return String(entry.status ?? "ok");
  const worst = entry.violations.find(({ severity }) => severity === (entry.state === "failed" ? "error" : "warning"));
  return entry.status && entry.status !== 200 ? `${entry.status} ${worst.code}` : worst.code;
}

function took(seconds) {
  if (seconds === null || seconds === undefined) return "";
  return seconds < 1 ? `${Math.round(seconds * 1000)} ms` : `${seconds.toFixed(2)} s`;
}

function clock(at) {
  const date = new Date(at * 1000);
  return `${date.toLocaleTimeString([], { hour12: false })}.${String(date.getMilliseconds()).padStart(3, "0")}`;
}

async function fill(entry, body) {
  body.append(el("p", { class: "hint" }, "Loading…"));
  let detail = null;
  try {
    const response = await fetch(`/control/entry?id=${encodeURIComponent(entry.id)}`);
    const answer = await response.json();
    detail = answer.ok ? answer.entry : { message: answer.message };
  } catch {
    detail = { message: "The sandbox does not answer. Is it still running?" };
  }
  body.replaceChildren(...(detail.message ? [el("p", { class: "hint" }, detail.message)] : parts(entry, detail)));
}

function parts(entry, detail) {
  const isRequest = entry.direction === "request";
  const answer = detail.answer === "" ? "(empty)" : detail.answer;
  return [
    violations(detail.violations),
    actions(entry, detail),
    block(isRequest ? "Payload" : "Arguments", detail.payload),
    block(isRequest ? "Answer of the app" : "Answer of Slack", answer),
    detail.repeats?.length ? block("Answers to the repetitions", detail.repeats) : null,
    block("Headers", detail.headers),
    detail.answer_headers && Object.keys(detail.answer_headers).length
      ? block("Headers of the answer", detail.answer_headers) : null,
    isRequest && detail.body ? block("Body as sent", detail.body) : null,
  ].filter(Boolean);
}

function violations(list) {
  if (!list.length) return null;
  return el("ul", { class: "violations", "aria-label": "What was wrong" }, list.map(({ severity, sentence, pointer, code }) =>
    el("li", { class: severity },
      el("strong", {}, `${SEVERITIES[severity]}: `), sentence,
      pointer ? el("code", { class: "pointer" }, pointer) : null,
      el("code", { class: "code" }, code))));
}

function actions(entry, detail) {
  const row = el("div", { class: "row" });
  if (entry.direction === "request") {
    const button = (words, times) => el("button", { type: "button", class: "btn", onclick: () => resend(entry, times) }, words);
    row.append(button("Resend", 1), button("Send twice", 2));
  }
  if (entry.cause) {
    row.append(el("button", { type: "button", class: "btn", onclick: () => jump(entry.cause) }, `Show ${entry.cause.replace("-", " ")}`));
  }
  if (detail.url || detail.response_url) row.append(el("code", { class: "address" }, detail.url || detail.response_url));
  return row.hasChildNodes() ? row : null;
}

async function resend(entry, times) {
  const answer = await post("resend", { number: entry.number, times });
  say(answer.ok ? `Sent ${times === 1 ? "again" : "twice"}.` : answer.message);
}

function jump(id) {
  const details = shown.get(id)?.item.firstElementChild;
  if (!details) {
    say("That request is not among the entries shown.");
    return;
  }
  details.open = true;
  details.scrollIntoView({ block: "start" });
  details.firstElementChild.focus();
}

function block(title, value) {
  return el("section", { class: "part" }, el("h3", {}, title), el("pre", { tabindex: "0", "aria-label": title }, pretty(value)));
}

// JSON, also JSON within a string, over several lines; other text as it is.
function pretty(value) {
  let given = value;
  if (typeof given === "string") {
    try {
      given = JSON.parse(given);
    } catch {
      return value;
    }
  }
  return JSON.stringify(given, null, 2);
}
