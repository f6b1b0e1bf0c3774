// The emoji this workspace knows, by name; asked for once.
let known = null;

export function emojiNames() {
  known ??= fetch("/page/emoji.json").then((answer) => answer.json()).catch(() => {
    known = null;
    return {};
  });
  return known;
}
