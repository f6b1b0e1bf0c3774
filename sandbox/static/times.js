// Words such as "5 minutes ago" grow older without any news from the server.
const STEPS = [[86400, "day"], [3600, "hour"], [60, "minute"]];

function ago(seconds) {
  for (const [size, unit] of STEPS) {
    const count = Math.floor(seconds / size);
    if (count >= 1) return `${count} ${unit}${count === 1 ? "" : "s"} ago`;
  }
  return "just now";
}

export function refreshTimes() {
  const now = Date.now() / 1000;
  for (const time of document.querySelectorAll("time[data-ago]")) {
    const words = ago(Math.max(0, now - Number(time.dataset.ago)));
    if (time.textContent !== words) time.textContent = words;
  }
}

export function startTimes() {
  refreshTimes();
  setInterval(refreshTimes, 15000);
}
