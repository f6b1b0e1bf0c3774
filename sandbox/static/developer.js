// Starts the developer panel, and listens to the server: each event carries the parts that changed.
import { find, findAll, say } from "./dom.js";
import { startEntries, showCount, showEntries, showKinds } from "./developer_line.js";
import { showApp, showBudget, showSwitches, startSwitches } from "./developer_switches.js";

const LONGEST_WAIT = 8000;
const filters = find("[data-filters]");
let source = null;
let timer = 0;
let wait = 400;

function query() {
  const given = [...new FormData(filters)].filter(([, value]) => value !== "");
  return new URLSearchParams(given).toString();
}

function connect() {
  clearTimeout(timer);
  source?.close();
  source = new EventSource(`/developer/stream?${query()}`);
  source.addEventListener("open", () => {
    wait = 400;
    say("");
  });
  source.addEventListener("board", ({ data }) => show(JSON.parse(data)));
  source.addEventListener("error", () => {
    source.close();
    say("Reconnecting…", true);
    timer = setTimeout(connect, wait);
    wait = Math.min(wait * 2, LONGEST_WAIT);
  });
}

function show(board) {
  if (board.kinds) showKinds(board.kinds);
  if (board.entries) showEntries(board.entries);
  if (board.entries || board.total !== undefined) showCount(board.total, query() !== "");
  if (board.app) showApp(board.app); // the scopes to choose from, before which of them are granted
  if (board.switches) showSwitches(board.switches);
  if (board.budget) showBudget(board.budget);
  find("#panel").dataset.live = "true";
}

let typing = 0;
filters.addEventListener("submit", (event) => event.preventDefault());
filters.addEventListener("input", () => {
  clearTimeout(typing);
  typing = setTimeout(connect, 200);
});

for (const tab of findAll("[data-show]")) {
  tab.addEventListener("click", () => {
    find("#panel").dataset.pane = tab.dataset.show;
    for (const other of findAll("[data-show]")) other.setAttribute("aria-pressed", String(other === tab));
  });
}

startEntries();
startSwitches();
connect();
