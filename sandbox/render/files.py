"""Files of a message: pictures are shown, others are cards with what they are and where to get them."""

import re
from urllib.parse import quote, urlencode

from markupsafe import Markup

from sandbox.people import TEAM_ID
from sandbox.render.context import Context
from sandbox.render.html import EMPTY, link, tag
from sandbox.types import Json

_ID = re.compile(r"F[A-Z0-9]+")
_STEPS = ((1_000_000, "MB"), (1_000, "kB"))
_PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})


def files(payload: Json, context: Context) -> Markup:
    given = [one for one in payload.get("files") or [] if isinstance(one, dict)]
    return (
        tag("ul", [_file(one, context) for one in given], class_="files", role="list", aria_label="Files")
        if given
        else EMPTY
    )


def file_address(file_id: str, name: str, context: Context) -> str | None:
    """Where the page gets a file's bytes, as far as its viewer may have them."""
    if not _ID.fullmatch(file_id):
        return None
    query = urlencode({"viewer": context.viewer})
    return f"/files-pri/{TEAM_ID}-{file_id}/{quote(name, safe='')}?{query}"


def _file(file: Json, context: Context) -> Markup:
    name = str(file.get("title") or file.get("name") or "file")
    file_id = str(file.get("id") or "")
    key = f"file:{file_id}"
    if file.get("mode") == "tombstone":
        return tag("li", tag("p", "This file was deleted.", class_="gone"), data_key=key)
    address = file_address(file_id, str(file.get("name") or "file"), context)
    if address and file.get("mimetype") in _PICTURES:
        alt = str(file.get("alt_txt") or name)
        shown = tag("img", src=address, alt=alt, class_="image", loading="lazy")
        label = tag("p", name, class_="file-name")
        return tag("li", label, tag("a", shown, href=address, target="_blank", rel="noopener"), data_key=key)
    return tag("li", _card(file, name, address), data_key=key)


def _card(file: Json, name: str, address: str | None) -> Markup:
    kind = str(file.get("pretty_type") or file.get("filetype") or "File")
    told = tag(
        "span",
        tag("span", name, class_="file-name"),
        tag(
            "span",
            f"{kind} · {_size(file.get('size'))}" if file.get("size") is not None else kind,
            class_="hint",
        ),
        class_="file-told",
    )
    sign = tag("span", class_="icon-file", aria_hidden="true")
    if file.get("is_external") and file.get("external_url"):
        return tag("div", sign, link(file["external_url"], told), class_="file-card")
    if address is None:
        return tag("div", sign, told, class_="file-card")
    return tag("a", sign, told, class_="file-card", href=address, target="_blank", rel="noopener")


def _size(size: object) -> str:
    count = int(str(size)) if str(size).isdecimal() else 0
    for step, unit in _STEPS:
        if count >= step:
            return f"{count / step:.3g} {unit}"
    return f"{count} {'byte' if count == 1 else 'bytes'}"
