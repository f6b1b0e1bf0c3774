// Keeps a run's page true while the run goes on. Without this script the page reads well, and stands still.

const TICK_MS = 1000;
const AGAIN_MS = 10_000;

const main = document.querySelector("main");
const list = document.getElementById("tasks");
const serverAhead = Number(main.dataset.now ?? Date.now()) - Date.now();

// --- times, in the reader's zone

const toTheSecond = {
  day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23",
};
const thisYear = new Intl.DateTimeFormat(undefined, toTheSecond);
const anyYear = new Intl.DateTimeFormat(undefined, { ...toTheSecond, year: "numeric" });

function duration(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const units = [
    [Math.floor(seconds / 86_400), "d"],
    [Math.floor(seconds / 3600) % 24, "h"],
    [Math.floor(seconds / 60) % 60, "m"],
    [seconds % 60, "s"],
  ];
  const first = units.findIndex(([count]) => count > 0);
  if (first < 0) return "under 1 s";
  const shown = units.slice(first, first + 2).filter(([count]) => count > 0);
  return shown.map(([count, unit]) => `${count} ${unit}`).join(" ");
}

function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function showTimes(root) {
  for (const element of root.querySelectorAll("time[data-at]")) {
    const at = new Date(Number(element.dataset.at));
    element.title = `${at.toISOString().slice(0, 19).replace("T", " ")} UTC`;
    const isThisYear = at.getFullYear() === new Date().getFullYear();
    write(element, (isThisYear ? thisYear : anyYear).format(at));
  }
}

function tick() {
  const now = Date.now() + serverAhead;
  for (const element of document.querySelectorAll("[data-since]")) {
    write(element, duration(now - Number(element.dataset.since)));
  }
}

// --- logs show their end, and stay there until the reader moves away from it

const logsIn = (root) => [...root.querySelectorAll("pre.stdout, pre.stderr")];
const isAtEnd = (log) => log.scrollTop + log.clientHeight >= log.scrollHeight - 8;
const toEnd = (log) => { log.scrollTop = log.scrollHeight; };

// --- new parts: what stays the same is not touched, so that focus, selection and open tasks stay as they are

const isSame = (old, next) => old.nodeName === next.nodeName && (old.id ?? "") === (next.id ?? "");
const isSameTime = (old, next) =>
  (old.dataset.at ?? old.dataset.since) !== undefined &&
  old.dataset.at === next.dataset.at && old.dataset.since === next.dataset.since;

function morph(old, next) {
  if (old.nodeType !== Node.ELEMENT_NODE) return morphText(old, next.data);
  if (isSameTime(old, next)) return;
  morphAttributes(old, next);
  const wanted = [...next.childNodes];
  wanted.forEach((child, index) => {
    let there = old.childNodes[index];
    if (there && child.id && !isSame(there, child)) {
      const kept = [...old.children].find((other) => isSame(other, child));
      if (kept) there = old.insertBefore(kept, there);
    }
    if (there && isSame(there, child)) morph(there, child);
    else old.insertBefore(child, there ?? null);
  });
  while (old.childNodes.length > wanted.length) old.lastChild.remove();
}

function morphAttributes(old, next) {
  for (const { name } of [...old.attributes]) {
    if (name !== "open" && !next.hasAttribute(name)) old.removeAttribute(name);
  }
  for (const { name, value } of next.attributes) {
    if (name !== "open" && old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
}

function morphText(old, text) {
  if (old.data === text) return;
  if (text.startsWith(old.data)) old.appendData(text.slice(old.length));
  else old.data = text;
}

function parse(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  return template.content.firstElementChild;
}

function arrange(order) {
  order.forEach((id, index) => {
    const element = document.getElementById(id);
    const there = list.children[index];
    if (!element || element === there) return;
    const focused = element.contains(document.activeElement) ? document.activeElement : null;
    list.insertBefore(element, there ?? null);
    focused?.focus({ preventScroll: true });
  });
  while (list.children.length > order.length) list.lastElementChild.remove();
}

function apply({ parts, order }) {
  const following = logsIn(main).filter(isAtEnd);
  for (const [id, html] of Object.entries(parts)) {
    const next = parse(html);
    const old = document.getElementById(id);
    if (old) morph(old, next);
    else list.append(next);
  }
  arrange(order);
  showTimes(main);
  tick();
  following.forEach(toEnd);
  const { title, news } = document.getElementById("summary").dataset;
  document.title = title;
  write(document.getElementById("news"), news);
}

// --- the stream

function say(text, state) {
  const live = document.getElementById("live");
  live.hidden = text === "";
  live.className = `live ${state}`;
  write(live, text);
}

function follow(url) {
  const source = new EventSource(url);
  const stop = (text) => {
    source.close();
    say(text, "over");
  };
  source.addEventListener("open", () => say("Live", "on"));
  source.addEventListener("parts", (event) => apply(JSON.parse(event.data)));
  source.addEventListener("end", () => stop(""));
  source.addEventListener("gone", () => stop("No longer live: open the page from Slack again"));
  source.addEventListener("error", () => {
    say("Reconnecting…", "off");
    if (source.readyState === EventSource.CLOSED) setTimeout(follow, AGAIN_MS, url);
  });
}

// --- links to a task open it

function openTarget() {
  const target = document.getElementById(location.hash.slice(1));
  const details = target?.querySelector("details");
  if (!details) return;
  details.open = true;
  target.scrollIntoView();
}

document.addEventListener("toggle", (event) => {
  if (event.target.open) logsIn(event.target).forEach(toEnd);
}, true);
addEventListener("hashchange", openTarget);
showTimes(main);
tick();
setInterval(tick, TICK_MS);
logsIn(main).forEach(toEnd);
openTarget();
if (main.dataset.stream) follow(main.dataset.stream);
