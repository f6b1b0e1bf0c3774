"""The one place where text becomes Slack's: escaped, cut to size, hidden characters made visible.

Words of people, steps and services go through here and never into mrkdwn by themselves. Where they need no
formatting beside them, plain_text and rich_text are used: nothing in those can become a mention or a link.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime

from blocks.types import Block
from engine.core.definition import JsonValue
from engine.core.slack_ids import CHANNEL_ID, GROUP_ID, USER_ID

TEXT_LIMIT = 3000
HEADER_LIMIT = 150
EMPTY = "(empty)"
_TICK = "ˋ"
"""Looks like a backtick and is none."""

# Controls but newline and tab, bidi, zero-width and other format characters, blank letters, tags, lone surrogates.
# Number and verse signs of Arabic, Syriac and Kaithi are of that kind too, but seen.
_HIDDEN = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f"
    r"\u2028-\u202e\u2060-\u206f\u2800\u3164\ufe00-\ufe0e\ufeff\uffa0\ufff0-\ufffc\ufffe\uffff"
    r"\ud800-\udfff\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)


# --- strings


def escape(text: str) -> str:
    """Replace the three characters that start markup in mrkdwn."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def visible(text: str) -> str:
    """Show what could deceive a reader by not being seen, such as `[U+202E]` for a change of direction."""
    return _HIDDEN.sub(lambda match: f"[U+{ord(match[0]):04X}]", text.replace("\r\n", "\n"))


def cut_middle(text: str, limit: int) -> str:
    """At most `limit` characters: the begin and the end, and between them how much is left out."""
    if len(text) <= limit:
        return text
    keep = limit - len(_left_out(len(text)))
    if keep <= 0:
        return text[: max(limit, 0)]
    tail = keep // 2
    return text[: keep - tail] + _left_out(len(text) - keep) + text[len(text) - tail :]


def _left_out(count: int) -> str:
    return f" … {count:,} characters left out … "


def _fit(text: str, limit: int, dress: Callable[[str], str]) -> str:
    """Cut `text` until it fits dressed, as escaping makes it longer."""
    room = limit
    dressed = dress(cut_middle(text, room))
    while len(dressed) > limit and room > 0:
        room = room * limit // len(dressed)
        dressed = dress(cut_middle(text, room))
    return dressed


def one_line(text: str) -> str:
    """Visible, with any white space between words as one blank: for titles and labels."""
    return " ".join(visible(text).split())


def safe(text: str, limit: int = TEXT_LIMIT) -> str:
    """A title or a name inside mrkdwn: one line, escaped, cut, and no code begins or ends in it."""
    return _fit(one_line(text).replace("`", _TICK), limit, escape)


def code(text: str, limit: int = 300) -> str:
    """A value inside mrkdwn as code: on one line, spaces at its ends shown, and no way out of the code."""
    shown = visible(text).replace("\n", "↵").replace("\t", "⇥").replace("`", _TICK)
    shown = re.sub(r"^ +| +$", lambda match: "␠" * len(match[0]), shown)
    return _fit(shown, limit, lambda cut: f"`{escape(cut)}`") if shown else EMPTY


def value_text(value: JsonValue) -> str:
    """A JSON value as people read it: text as it is, all else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def json_text(value: JsonValue) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)


def chunks(text: str, limit: int = TEXT_LIMIT) -> list[str]:
    """The whole text in pieces of at most `limit` characters, split at ends of lines where there are any."""
    pieces = []
    while len(text) > limit:
        end = text.rfind("\n", 0, limit + 1)
        pieces.append(text[:end] if end > 0 else text[:limit])
        text = text[end + 1 :] if end > 0 else text[limit:]
    return [*pieces, text] if text else pieces


def lines_within(lines: Sequence[str], limit: int, what: str) -> str:
    """As many lines as fit, and then how many more there are of `what`."""
    text = "\n".join(lines)
    count = len(lines)
    while len(text) > limit and count > 0:
        count -= 1
        text = "\n".join([*lines[:count], f"… and {len(lines) - count} more {what}"])
    return text


# --- people, times, progress


def mention(user_id: str) -> str:
    return f"<@{user_id}>" if USER_ID.fullmatch(user_id) else code(user_id, 60)


def usergroup(group_id: str) -> str:
    return f"<!subteam^{group_id}>" if GROUP_ID.fullmatch(group_id) else code(group_id, 60)


def channel(channel_id: str) -> str:
    return f"<#{channel_id}>" if CHANNEL_ID.fullmatch(channel_id) else code(channel_id, 60)


def mentions(subjects: Iterable[str], most: int = 20) -> str:
    """Users and groups by their ids, at most so many of them by name."""
    names = [usergroup(each) if GROUP_ID.fullmatch(each) else mention(each) for each in subjects]
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def sentence(template: str, people: Sequence[str] = ()) -> str:
    """A sentence of ours as mrkdwn, with these people named where it says `{people}`."""
    shown = _fit(visible(template), TEXT_LIMIT - 1000, escape)
    return shown.replace("{people}", mentions(people)) if people else shown


def utc(ms: int) -> str:
    return datetime.fromtimestamp(ms // 1000, tz=UTC).strftime("%Y-%m-%d %H:%M UTC")


def when(ms: int) -> str:
    """A time for mrkdwn, shown in each reader's own zone."""
    return f"<!date^{ms // 1000}^{{date_short_pretty}} at {{time}}|{utc(ms)}>"


def duration(ms: int) -> str:
    """The two largest units: `1 m 12 s`."""
    seconds = max(ms, 0) // 1000
    if seconds < 1:
        return "under 1 s"
    units = [
        (seconds // 86400, "d"),
        (seconds // 3600 % 24, "h"),
        (seconds // 60 % 60, "m"),
        (seconds % 60, "s"),
    ]
    first = next(index for index, (count, _) in enumerate(units) if count)
    return " ".join(f"{count} {unit}" for count, unit in units[first : first + 2] if count)


def progress_bar(percent: int) -> str:
    """A bar of 20 characters and the number, always equally wide; draw it as code."""
    full = min(max(percent, 0), 100) // 5
    return f"{'█' * full}{'░' * (20 - full)} {percent:>3}%"


# --- text objects, and the blocks made of text alone


def plain(text: str, limit: int) -> Block:
    shown = cut_middle(visible(text), limit)
    return {"type": "plain_text", "text": shown if shown.strip() else EMPTY, "emoji": False}


def mrkdwn(markup: str) -> Block:
    """`markup` is safe already: our own words, and what `safe`, `code`, `mention` and the like gave."""
    return {"type": "mrkdwn", "text": markup, "verbatim": True}


def section(markup: str) -> Block:
    return {"type": "section", "text": mrkdwn(markup)}


def plain_section(text: str, limit: int = TEXT_LIMIT) -> Block:
    """Text of others as it is, line ends kept."""
    return {"type": "section", "text": plain(text, limit)}


def context(*markup: str) -> Block:
    return {"type": "context", "elements": [mrkdwn(each) for each in markup]}


def header(text: str) -> Block:
    return {"type": "header", "text": plain(one_line(text), HEADER_LIMIT)}


def preformatted(text: str, limit: int = TEXT_LIMIT) -> Block:
    """Output of a program, letter by letter; no character in it can end the frame."""
    shown = cut_middle(visible(text), limit) or EMPTY
    return _rich({"type": "rich_text_preformatted", "elements": [{"type": "text", "text": shown}]})


def quote(text: str, limit: int = TEXT_LIMIT) -> Block:
    shown = cut_middle(visible(text), limit) or EMPTY
    return _rich({"type": "rich_text_quote", "elements": [{"type": "text", "text": shown}]})


def rich_line(text: str, limit: int) -> Block:
    """A rich_text of one plain paragraph, as task cards want it."""
    shown = cut_middle(visible(text), limit) or EMPTY
    return _rich({"type": "rich_text_section", "elements": [{"type": "text", "text": shown}]})


def _rich(element: Block) -> Block:
    return {"type": "rich_text", "elements": [element]}
