"""What Slack makes of a message somebody typed, beside its text: a rich_text block that shows the same."""

import re
from collections.abc import Iterator
from itertools import groupby

from sandbox.render.emoji import CHARACTERS
from sandbox.tokens import short_id
from sandbox.types import Json

_LABELLED_PERSON = re.compile(r"<@([A-Z0-9]+)\|[^<>]*>")
_QUOTED = re.compile(r"^&gt; ?")
_MARKS = {"*": "bold", "_": "italic", "~": "strike"}
_TOKEN = re.compile(
    r"<(?P<control>[^<>]+)>"
    r"|(?<![\w:]):(?P<emoji>[a-z0-9_+'-]+):(?![\w:])"
    r"|`(?P<code>[^`\n]+)`"
    r"|(?<![\w*_~])(?P<mark>[*_~])(?!(?P=mark))(?P<styled>(?=\S)[^\n]{1,500}?(?<=\S))(?P=mark)(?![\w*_~])"
)


def typed_parts(escaped: str) -> Json:
    """{text, blocks} of a message somebody typed, from its text with control sequences and entities.

    People are mentioned in the text by id alone, as Slack does in messages.
    """
    text = _LABELLED_PERSON.sub(r"<@\1>", escaped)
    elements = [part for part in _containers(text) if part["elements"]]
    return {"text": text, "blocks": [{"type": "rich_text", "block_id": short_id(), "elements": elements}]}


def _containers(text: str) -> Iterator[Json]:
    """The paragraphs, quotations and, between three backticks, the code."""
    for index, piece in enumerate(text.split("```")):
        if index % 2:
            yield _container("preformatted", _text(piece.strip("\n"), {}))
            continue
        for is_quote, lines in groupby(piece.strip("\n").split("\n"), lambda line: bool(_QUOTED.match(line))):
            joined = "\n".join(_QUOTED.sub("", line) for line in lines)
            yield _container("quote" if is_quote else "section", _inline(joined, {}))


def _container(kind: str, elements: list[Json]) -> Json:
    return {"type": f"rich_text_{kind}", "elements": elements}


def _inline(text: str, style: dict[str, bool]) -> list[Json]:
    """The pieces of some lines, in order; `style` is that of what is around them."""
    elements: list[Json] = []
    position = 0
    for match in _TOKEN.finditer(text):
        found = _piece(match, style)
        if found:
            elements += [*_text(text[position : match.start()], style), *found]
            position = match.end()
    return elements + _text(text[position:], style)


def _piece(match: re.Match[str], style: dict[str, bool]) -> list[Json]:
    """What a token stands for; nothing when it is only text."""
    if match["control"]:
        return [_styled(_control(match["control"]), style)]
    if match["code"]:
        return _text(match["code"], style | {"code": True})
    if match["mark"]:
        if _MARKS[match["mark"]] in style:
            return []  # nothing is bold twice
        return _inline(match["styled"], style | {_MARKS[match["mark"]]: True})
    character = CHARACTERS.get(match["emoji"])
    if character is None:
        return []
    points = "-".join(f"{ord(point):x}" for point in character)
    return [_styled({"type": "emoji", "name": match["emoji"], "unicode": points}, style)]


def _text(escaped: str, style: dict[str, bool]) -> list[Json]:
    if not escaped:
        return []
    plain = escaped.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    return [_styled({"type": "text", "text": plain}, style)]


def _styled(element: Json, style: dict[str, bool]) -> Json:
    return element | ({"style": style} if style else {})


def _control(control: str) -> Json:
    target, _, label = control.partition("|")
    match target[0]:
        case "@":
            return {"type": "user", "user_id": target[1:]}
        case "#":
            return {"type": "channel", "channel_id": target[1:]}
        case "!" if target.startswith("!subteam^"):
            return {"type": "usergroup", "usergroup_id": target.partition("^")[2]}
        case "!":
            return {"type": "broadcast", "range": target[1:]}
    link: Json = {"type": "link", "url": target.replace("&amp;", "&")}
    return link | ({"text": label} if label else {})
