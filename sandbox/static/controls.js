import { uploadedTo } from "./uploads.js";

// Reads what was typed or chosen, in the simple form the control API takes.
const READERS = {
  text: (control) => control.querySelector("input, textarea").value || null,
  date: (control) => control.querySelector("input").value || null,
  time: (control) => control.querySelector("input").value || null,
  datetime: (control) => epoch(control.querySelector("input").value, control.dataset.zone),
  file: (control) => uploadedTo(control.querySelector("input")),
  select: (control) => control.querySelector("select").value || null,
  radio: (control) => control.querySelector("input:checked")?.value ?? null,
  checks: (control) => [...control.querySelectorAll("input:checked")].map((box) => box.value),
  external: (control) => tokens(control)[0] ?? null,
  "external-many": tokens,
};

function tokens(control) {
  return [...control.querySelectorAll(".token")].map((token) => token.dataset.value);
}

export const read = (control) => READERS[control.dataset.control](control);

// All values of a message or view. A block with several controls has them by action id.
export function valuesOf(surface) {
  const values = {};
  const controls = [...surface.querySelectorAll("[data-control]")];
  for (const control of controls) {
    const { blockId, actionId } = control.dataset;
    const alone = controls.filter((other) => other.dataset.blockId === blockId).length === 1;
    if (alone) values[blockId] = read(control);
    else (values[blockId] ??= {})[actionId] = read(control);
  }
  return values;
}

// Seconds since 1970 of a wall-clock time in a named zone.
function epoch(local, zone) {
  if (!local) return null;
  const utc = Date.parse(`${local}Z`);
  const guess = utc - offset(utc, zone);
  return Math.round((utc - offset(guess, zone)) / 1000);
}

function offset(at, zone) {
  const options = { timeZone: zone, hourCycle: "h23", year: "numeric", month: "numeric", day: "numeric",
    hour: "numeric", minute: "numeric", second: "numeric" };
  const parts = new Intl.DateTimeFormat("en-US", options).formatToParts(at);
  const at_ = Object.fromEntries(parts.map(({ type, value }) => [type, Number(value)]));
  return Date.UTC(at_.year, at_.month - 1, at_.day, at_.hour, at_.minute, at_.second) - at;
}
