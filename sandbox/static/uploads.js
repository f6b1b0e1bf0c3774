// Files of forms: sent to the sandbox as soon as they are chosen, and named by their ids from then on.
import { upload } from "./files.js";

const sent = new WeakMap(); // input -> {files, ids}
const underWay = new Set();

export function startUploads() {
  document.addEventListener("change", ({ target }) => {
    if (target.matches("[data-control=file] input[type=file]")) send(target);
  }, true);
}

function send(input) {
  const files = [...input.files];
  if (files.length === 0) {
    sent.delete(input);
    return;
  }
  const sending = upload(files).then((answer) => {
    const ids = answer.ok ? answer.files.map(({ id }) => id) : null;
    sent.set(input, { files, ids });
  }).finally(() => underWay.delete(sending));
  underWay.add(sending);
}

export const uploadsDone = () => Promise.all(underWay);

// Ids; or what is known of files that could not be sent, so that the form's own checks still hold.
export function uploadedTo(input) {
  const files = [...input.files];
  const known = sent.get(input);
  if (known?.ids && files.length === known.files.length && files.every((file, at) => file === known.files[at])) return known.ids;
  return files.map(({ name, size, type }) => ({ name, size, mimetype: type }));
}
