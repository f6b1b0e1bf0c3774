"""Slack's composition objects: texts, options, confirm dialogs, filters, images."""

import re
from typing import Any

from sandbox.validation.schema import (
    Problem,
    Problems,
    Rule,
    array,
    at_least_one,
    boolean,
    by_type,
    exactly_one,
    one_of,
    record,
    text,
)

NOT_ALL = "failed to match all allowed schemas"  # stands above what is wrong inside
BLOCK_ID: dict[str, Rule] = {"block_id": text(255)}
_SCRIPT_SCHEMES = ("javascript:", "data:", "vbscript:", "file:")
_LINK = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:\S.*")


def url(value: Any, at: str) -> Problems:
    """An address a click may open: a web page, mail, a deep link; never a script."""
    problems = list(text(3000)(value, at))
    yield from problems
    if not problems and (not _LINK.fullmatch(value) or value.lower().startswith(_SCRIPT_SCHEMES)):
        yield Problem("must be a valid URL", at)


WEB_URL = text(3000, pattern=r"https?://\S+")
HTTPS_URL = text(3000, pattern=r"https://\S+")


def plain_text(longest: int) -> Rule:
    return record({"type": one_of("plain_text"), "text": text(longest)}, {"emoji": boolean})


def any_text(longest: int) -> Rule:
    """A plain_text or mrkdwn object; Slack announces a mismatch of both before it says what is wrong."""
    mrkdwn = record({"type": one_of("mrkdwn"), "text": text(longest)}, {"verbatim": boolean})
    inner = by_type({"plain_text": plain_text(longest), "mrkdwn": mrkdwn})

    def check(value: Any, at: str) -> Problems:
        problems = list(inner(value, at))
        if problems and isinstance(value, dict):
            yield Problem(NOT_ALL, at)
        yield from problems

    return check


SLACK_FILE = record({}, {"id": text(), "url": WEB_URL}, exactly_one("id", "url"), is_typed=False)
IMAGE_ELEMENT = record(
    {"alt_text": text(2000)},
    {"image_url": WEB_URL, "slack_file": SLACK_FILE},
    exactly_one("image_url", "slack_file"),
)


def option(label: Rule, *, with_url: bool = False) -> Rule:
    """The description is of the same kind as the label: mrkdwn only in checkboxes and radio buttons."""
    extra: dict[str, Rule] = {"url": url} if with_url else {}
    return record({"text": label, "value": text(150)}, {"description": label, **extra}, is_typed=False)


PLAIN_OPTION = option(plain_text(75))
RICH_OPTION = option(any_text(75))
OVERFLOW_OPTION = option(plain_text(75), with_url=True)
OPTION_GROUP = record({"label": plain_text(75), "options": array(PLAIN_OPTION, 1, 100)}, is_typed=False)

CONFIRM = record(
    {"title": plain_text(100), "text": any_text(300), "confirm": plain_text(30), "deny": plain_text(30)},
    {"style": one_of("primary", "danger")},
    is_typed=False,
)
DISPATCH_CONFIG = record(
    {"trigger_actions_on": array(one_of("on_enter_pressed", "on_character_entered"), 1, 2, is_unique=True)},
    is_typed=False,
)
CONVERSATION_FILTER = record(
    {},
    {
        "include": array(one_of("im", "mpim", "private", "public"), 1, is_unique=True),
        "exclude_external_shared_channels": boolean,
        "exclude_bot_users": boolean,
    },
    at_least_one("include", "exclude_external_shared_channels", "exclude_bot_users"),
    is_typed=False,
)
