"""The markdown block: headings, lists, quotes, fences, rules, tables and inline styles."""

import re
from collections.abc import Callable, Iterator

from markupsafe import Markup

from sandbox.render.emoji import emoji
from sandbox.render.html import Content, join, lines, link, tag

_FENCE = re.compile(r"^\s*```")
_HEADING = re.compile(r"^(#{1,6})\s+(.+?)\s*#*$")
_RULE = re.compile(r"^\s*(?:-{3,}|\*{3,}|_{3,})\s*$")
_BULLET = re.compile(r"^(\s*)[-*+]\s+(.*)$")
_NUMBER = re.compile(r"^(\s*)\d{1,9}[.)]\s+(.*)$")
_QUOTE = re.compile(r"^\s*> ?(.*)$")
_ROW = re.compile(r"^\s*\|(.+)\|\s*$")
_ROW_RULE = re.compile(r"^[\s|:\-]+$")
_INLINE = re.compile(
    r"""
      `(?P<code>[^`\n]+)`
    | !?\[(?P<label>[^\[\]\n]*)\]\((?P<href>[^()\s]+)\)
    | \*\*(?=\S)(?P<bold>[^*\n]+)(?<=\S)\*\*
    | (?<!\w)__(?=\S)(?P<bold2>[^_\n]+)(?<=\S)__(?!\w)
    | \*(?=\S)(?P<italic>[^*\n]+)(?<=\S)\*
    | (?<!\w)_(?=\S)(?P<italic2>[^_\n]+)(?<=\S)_(?!\w)
    | ~~(?=\S)(?P<strike>[^~\n]+)(?<=\S)~~
    | :(?P<emoji>[a-z0-9_+\-]{1,60}):
    | (?P<url>https?://[^\s<>]*[^\s<>.,;:!?'")\]*_~])
    """,
    re.VERBOSE,
)
_STYLES = {"bold": "strong", "bold2": "strong", "italic": "em", "italic2": "em", "strike": "s"}


def markdown(text: str) -> Markup:
    return tag("div", list(_blocks(text.split("\n"))), class_="rich-text")


def _blocks(source: list[str]) -> Iterator[Markup]:
    at = 0
    while at < len(source):
        line = source[at]
        if not line.strip():
            at += 1
        elif _FENCE.match(line):
            end = next((i for i in range(at + 1, len(source)) if _FENCE.match(source[i])), len(source))
            yield tag("pre", tag("code", "\n".join(source[at + 1 : end])))
            at = end + 1
        elif heading := _HEADING.match(line):
            yield tag(f"h{min(len(heading[1]) + 2, 6)}", _inline(heading[2]))
            at += 1
        elif _RULE.match(line):
            yield tag("hr")
            at += 1
        else:
            draw, end = _run(source, at)
            yield draw(source[at:end])
            at = end


def _run(source: list[str], start: int) -> tuple[Callable[[list[str]], Markup], int]:
    """The stretch of like lines that begins here, and what draws it."""
    for pattern, draw in ((_BULLET, _bullets), (_NUMBER, _numbers), (_QUOTE, _quote), (_ROW, _table)):
        if pattern.match(source[start]):
            return draw, _end(source, start, pattern.match)
    return _paragraph, _end(source, start, lambda line: line.strip() and not _special(line))


def _end(source: list[str], start: int, belongs: Callable[[str], object]) -> int:
    end = start + 1
    while end < len(source) and belongs(source[end]):
        end += 1
    return end


def _special(line: str) -> bool:
    return any(p.match(line) for p in (_FENCE, _HEADING, _RULE, _BULLET, _NUMBER, _QUOTE, _ROW))


def _paragraph(source: list[str]) -> Markup:
    return tag("p", Markup("<br>").join(_inline(line) for line in source))


def _bullets(source: list[str]) -> Markup:
    return tag("ul", [_item(match) for line in source if (match := _BULLET.match(line))])


def _numbers(source: list[str]) -> Markup:
    return tag("ol", [_item(match) for line in source if (match := _NUMBER.match(line))])


def _item(match: re.Match[str]) -> Markup:
    return tag("li", _inline(match[2]), class_=f"indent-{min(len(match[1]) // 2, 8)}")


def _quote(source: list[str]) -> Markup:
    return tag("blockquote", _paragraph([line.lstrip().removeprefix(">").strip() for line in source]))


def _table(source: list[str]) -> Markup:
    rows = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in source]
    kept = [row for row, line in zip(rows, source, strict=True) if not _ROW_RULE.match(line)]
    drawn = [
        tag("tr", [tag("th" if at == 0 else "td", _inline(cell)) for cell in row])
        for at, row in enumerate(kept)
    ]
    inner = tag("table", tag("thead", drawn[:1]), tag("tbody", drawn[1:]))
    return tag("div", inner, class_="table-scroll", tabindex="0", role="region", aria_label="Table")


def _inline(text: str) -> Markup:
    parts: list[Content] = []
    end = 0
    for match in _INLINE.finditer(text):
        parts += [text[end : match.start()], _token(match)]
        end = match.end()
    return join([*parts, text[end:]])


def _token(match: re.Match[str]) -> Markup:
    found = {key: value for key, value in match.groupdict().items() if value is not None}
    if "href" in found:
        return link(found["href"], _inline(found["label"]) or found["href"])
    kind, inner = next(iter(found.items()))
    if kind in _STYLES:
        return tag(_STYLES[kind], _inline(inner))
    if kind == "code":
        return tag("code", inner)
    if kind == "emoji":
        return emoji(inner)
    return link(inner, lines(inner))
