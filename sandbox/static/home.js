// Tells the sandbox when somebody looks at the app: its Home or what it writes to them.
import { post } from "./api.js";
import { place } from "./place.js";

let told = "";

export function startHome() {
  lookAtApp();
}

export function lookAtApp() {
  const { user, tab } = place();
  const now = tab ? `${user} ${tab}` : "";
  if (now && now !== told) post("home", { user, tab });
  told = now;
}
