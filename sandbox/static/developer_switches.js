// The switches beside the time line: what they do is asked of the control API, how they stand comes with the stream.
import { post } from "./api.js";
import { el, find, findAll, say } from "./dom.js";

const VALUES = {
  error: ["Error code", "internal_error"],
  http: ["Status", "500"],
  ratelimited: ["Retry after, s", "30"],
  lost_reply: ["", ""],
  slow: ["Seconds", "2.5"],
};
let credentials = {};

async function ask(path, body, done = "") {
  const answer = await post(path, body);
  say(answer.ok ? done : answer.message);
  return answer;
}

export function startSwitches() {
  for (const select of findAll("[data-switch]")) {
    select.addEventListener("change", () => ask(select.dataset.switch, { mode: select.value }));
  }
  for (const input of findAll("[data-pace]")) {
    input.addEventListener("change", () => ask("pace", { [input.dataset.pace]: Number(input.value) }));
  }
  startFaults();
  startWorkspace();
  find("[data-event]").addEventListener("submit", sendEvent);
  find("[data-copy-all]").addEventListener("click", () => {
    copy(Object.entries(credentials).map(([name, value]) => `${name}=${value}`).join("\n") + "\n", "The environment is copied.");
  });
}

function startFaults() {
  const form = find("[data-fault]");
  form.elements.how.addEventListener("change", () => {
    const [label, value] = VALUES[form.elements.how.value];
    find("[data-value-label]").textContent = label || "No value";
    form.elements.value.value = value;
    form.elements.value.disabled = !label;
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const { method, how, value, times } = form.elements;
    const mode = value.disabled ? how.value : `${how.value}:${value.value.trim()}`;
    ask("faults", { method: method.value.trim(), mode, times: Number(times.value) }, "It will fail.");
  });
}

async function sendEvent(event) {
  event.preventDefault();
  let given = null;
  try {
    given = JSON.parse(event.target.elements.event.value);
  } catch (error) {
    say(`This is no JSON: ${error.message}`);
    return;
  }
  await ask("events", { event: given }, "It happened.");
}

function startWorkspace() {
  const keep = find("[data-keep]");
  keep.addEventListener("change", () => ask("state", { keep: keep.checked }));
  find("[data-reset]").addEventListener("click", () => {
    if (confirm("Throw away all messages, views and logs of this workspace?")) ask("reset", {}, "As on the first day.");
  });
  find("[data-export]").addEventListener("click", async () => {
    const answer = await (await fetch("/control/state")).json();
    const url = URL.createObjectURL(new Blob([JSON.stringify(answer.state, null, 2)], { type: "application/json" }));
    el("a", { href: url, download: "workspace.json" }).click();
    URL.revokeObjectURL(url);
  });
  find("[data-import]").addEventListener("change", async ({ target }) => {
    try {
      await ask("state", { state: JSON.parse(await target.files[0].text()) }, "Imported.");
    } catch {
      say("This file is no JSON.");
    }
    target.value = "";
  });
}

export function showSwitches(switches) {
  for (const select of findAll("[data-switch]")) set(select, switches[select.dataset.switch]);
  for (const input of findAll("[data-pace]")) set(input, String(switches.pace[input.dataset.pace]));
  const keep = find("[data-keep]");
  keep.checked = switches.keep;
  keep.disabled = !switches.can_keep;
  find("[data-keep-hint]").textContent = switches.can_keep ? "" : "This sandbox was started without a file to keep anything in.";
  find("[data-budget-hint]").textContent = switches.limits === "off" ? "The limits are off: nothing is counted." : "";
  showFaults(switches.faults);
  for (const box of findAll("[data-scopes] input")) box.checked = switches.scopes.includes(box.value);
}

// What somebody is changing right now is theirs.
function set(field, value) {
  if (document.activeElement !== field) field.value = value;
}

function showFaults(faults) {
  const list = find("[data-faults]");
  const items = faults.map(({ method, mode, times }) =>
    el("li", {}, el("code", {}, method), ` ${mode}`, times > 1 ? el("span", { class: "times" }, ` × ${times}`) : null));
  if (faults.length) {
    items.push(el("li", {}, el("button", { type: "button", class: "btn", onclick: () => ask("faults", {}) }, "Forget them")));
  }
  list.replaceChildren(...items);
}

export function showBudget(rows) {
  find("[data-budget]").replaceChildren(...rows.map(budgetRow));
  const hint = find("[data-budget-hint]");
  if (!rows.length && !hint.textContent) hint.textContent = "No call has been counted yet.";
  else if (rows.length) hint.textContent = "";
}

function budgetRow({ method, channel, tier, per_minute, burst, left, next_in, full_in }) {
  const label = `${left} of ${burst} left`;
  const refill = next_in > 0 ? `next in ${next_in} s` : full_in > 0 ? `full in ${Math.ceil(full_in)} s` : "full";
  return el(
    "tr",
    { class: left < 1 ? "empty" : "" },
    el("th", { scope: "row" }, el("code", {}, method), channel ? el("span", { class: "channel-id" }, ` ${channel}`) : null),
    el("td", {}, tier),
    el("td", { class: "left" }, el("meter", { min: 0, max: burst, low: burst / 3, high: burst / 2, optimum: burst, value: left, "aria-label": label }), el("span", {}, `${left}/${burst}`)),
    el("td", {}, `${per_minute}/min, ${refill}`),
  );
}

export function showApp(app) {
  credentials = app.credentials;
  find("[data-app-name]").textContent = app.name;
  find("[data-app-url]").textContent = whereTo(app);
  find("[data-credentials]").replaceChildren(...Object.entries(credentials).flatMap(([name, value]) => [
    el("dt", {}, name),
    el("dd", {}, el("code", {}, value),
      el("button", { type: "button", class: "btn", "aria-label": `Copy ${name}`, onclick: () => copy(value, `${name} is copied.`) }, "Copy")),
  ]));
  showScopes(app.scopes);
}

function whereTo({ addresses, socket_mode }) {
  if (socket_mode) return "Requests go over Socket Mode.";
  return addresses.length ? `Requests go to ${addresses.join(", ")}` : "The app has named no address for requests.";
}

function showScopes(scopes) {
  const field = find("[data-scopes]");
  const granted = new Set(findAll("input:checked", field).map((box) => box.value));
  const boxes = scopes.map((scope) =>
    el("label", { class: "tick" }, el("input", { type: "checkbox", value: scope, checked: granted.has(scope), onchange: grant }), el("code", {}, scope)));
  field.replaceChildren(field.firstElementChild, ...boxes);
}

function grant() {
  ask("scopes", { scopes: findAll("[data-scopes] input:checked").map((box) => box.value) });
}

async function copy(text, done) {
  try {
    await navigator.clipboard.writeText(text);
    say(done);
  } catch {
    say("The browser does not let this page copy; select the text instead.");
  }
}
