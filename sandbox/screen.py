"""What one open page shows, in regions of keyed items, so that only what changed is drawn and sent again."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from markupsafe import Markup

from sandbox.people import Channel
from sandbox.render import messages as draw
from sandbox.render.context import Context, zone_named
from sandbox.render.html import tag
from sandbox.render.sidebar import channel_row, display_name, people_switch, toast
from sandbox.render.views import modal
from sandbox.types import Json
from sandbox.workspace import Message, Notice, Workspace

PAGE_SIZE = 100
LONGEST = 5000
Items = dict[str, Markup]
_TS = re.compile(r"\d{1,12}\.\d{1,9}")


@dataclass(frozen=True)
class Place:
    """Who looks, where, and since when: private messages older than `since` went with the last reload."""

    user: str
    channel: str
    thread: str | None
    since: float
    limit: int = PAGE_SIZE
    zone: str | None = None  # the browser's, where it said so


def place_of(query: Mapping[str, str], workspace: Workspace) -> Place:
    """The place an address names; the first person and the first channel they see, where it names none."""
    user = query.get("user", "")
    if user not in workspace.people:
        user = next(iter(workspace.people))
    visible = [channel.id for channel in workspace.channels_of(user)]
    wanted = query.get("channel", "")
    channel = wanted if wanted in visible else visible[0]
    thread = query.get("thread", "") if channel == wanted else ""
    since = _number(query.get("since"), workspace.clock.now())
    limit = min(max(int(_number(query.get("limit"), PAGE_SIZE)), 1), LONGEST)
    found = thread if _TS.fullmatch(thread) else None
    return Place(user, channel, found, since, limit, query.get("zone"))


def _number(text: str | None, default: float) -> float:
    return float(text) if text and re.fullmatch(r"\d{1,12}(\.\d{1,9})?", text) else default


class Reads:
    """How far each person has read each channel. What was there at the start counts as read."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._start = workspace.clock.now()
        self._marks: dict[tuple[str, str], float] = {}

    def read(self, user: str, channel: str) -> None:
        messages = self._workspace.messages(channel, user)
        if messages:
            self._marks[user, channel] = float(messages[-1].ts)

    def unread(self, user: str, channel: str) -> int:
        mark = self._marks.get((user, channel), self._start)
        count = 0
        for message in reversed(self._workspace.messages(channel, user)):
            if float(message.ts) <= mark:
                break
            count += message.payload.get("user") != user
        return count


class Screen:
    """One page of one person. It remembers what it drew last."""

    def __init__(self, workspace: Workspace, reads: Reads, place: Place) -> None:
        self._workspace = workspace
        self._reads = reads
        self.place = place
        self._drawn: dict[tuple[str, str], tuple[object, Markup]] = {}
        self._sent: dict[str, Items] = {}

    def context(self) -> Context:
        workspace, place = self._workspace, self.place
        everybody = [*workspace.people.values(), workspace.bot]
        return Context(
            viewer=place.user,
            zone=zone_named(place.zone or workspace.people[place.user].tz),
            now=datetime.fromtimestamp(workspace.clock.now(), UTC),
            people={person.id: display_name(person) for person in everybody},
            channels={c.id: self._channel_name(c) for c in workspace.channels_of(place.user)},
            groups={group.id: group.handle for group in workspace.groups.values()},
            channel=place.channel,
            thread=place.thread,
        )

    def people(self) -> list[Markup]:
        return people_switch(self._workspace.people.values(), self.context())

    def regions(self) -> dict[str, Items]:
        """Everything that changes while the page is open, by region and key, in order."""
        context = self.context()
        self._reads.read(self.place.user, self.place.channel)
        return {
            "channels": self._channels(context),
            "messages": self._messages(context),
            "thread": self._thread(context),
            "views": self._views(context),
            "toasts": self._toasts(),
        }

    def patches(self) -> list[Json]:
        """What differs from the last call: for each region its keys in order and the items to replace."""
        patches = []
        for region, items in self.regions().items():
            before = self._sent.get(region)
            changed = {k: str(v) for k, v in items.items() if before is None or before.get(k) != v}
            if before is None or changed or list(before) != list(items):
                patches.append({"region": region, "keys": list(items), "items": changed})
            self._sent[region] = items
        return patches

    def _channel_name(self, channel: Channel) -> str:
        return display_name(self._workspace.bot) if channel.is_im else channel.name

    def _once(self, region: str, key: str, made_of: object, draw_it: Callable[[], Markup]) -> Markup:
        """Draw, unless the same was drawn from equal material before."""
        known = self._drawn.get((region, key))
        if known is not None and known[0] == made_of:
            return known[1]
        drawn = draw_it()
        self._drawn[region, key] = (made_of, drawn)
        return drawn

    def _channels(self, context: Context) -> Items:
        user = self.place.user
        return {
            channel.id: channel_row(channel, self._reads.unread(user, channel.id), context)
            for channel in self._workspace.channels_of(user)
        }

    def _messages(self, context: Context) -> Items:
        place = self.place
        here = [n for n in self._notices() if n.channel == place.channel]
        private = [n for n in here if n.thread_ts is None or n.thread_ts != place.thread]
        everything = self._merge(self._workspace.messages(place.channel, place.user), private)
        shown = everything[-place.limit :]
        rows = self._rows(shown, context, "messages")
        if not everything:
            empty = draw.empty_channel(place.channel, self._workspace.command, context)
            return {"empty": tag("li", empty, class_="empty", data_key="empty")}
        if len(shown) < len(everything):
            return {"earlier": self._earlier(context)} | rows
        return rows

    def _earlier(self, context: Context) -> Markup:
        href = f"{context.url(thread=context.thread)}&limit={self.place.limit + PAGE_SIZE}"
        link = tag("a", "Show earlier messages", href=href, class_="btn", data_navigate=True)
        return tag("li", link, class_="earlier", data_key="earlier")

    def _thread(self, context: Context) -> Items:
        place = self.place
        if place.thread is None:
            return {}
        private = [n for n in self._notices() if (n.channel, n.thread_ts) == (place.channel, place.thread)]
        found = self._workspace.thread(place.channel, place.thread, place.user)
        if not found:
            gone = tag("p", "This thread is not here any more.")
            return {"gone": tag("li", gone, class_="empty", data_key="gone")}
        inside = context.on(context.surface, "thread")
        parent, replies = found[0], self._merge(found[1:], private)
        items = self._rows([parent], inside, "thread", days=False)
        count = int(parent.payload.get("reply_count") or 0)
        if count:
            items["replies"] = draw.replies_divider(count)
        return items | self._rows(replies, inside, "thread", days=False)

    def _rows(
        self, messages: Sequence[draw.Shown], context: Context, region: str, *, days: bool = True
    ) -> Items:
        rows: Items = {}
        for line in draw.lines_of(messages, context):
            if isinstance(line, draw.Day):
                if days:
                    rows[line.key] = draw.day_divider(line)
                continue
            parent = self._parent_of(line.message) if region == "messages" else None
            whole = draw.Line(line.message, line.continued, parent)
            key = str(line.message.payload["ts"])
            made_of = (line.message.payload, line.message.broadcast, line.continued, parent)
            rows[key] = self._once(region, key, made_of, partial(draw.message_row, whole, context))
        return rows

    def _parent_of(self, message: draw.Shown) -> Json | None:
        if not message.broadcast:
            return None
        found = self._workspace.thread(self.place.channel, str(message.payload["thread_ts"]), self.place.user)
        return found[0].payload if found else None

    def _merge(self, messages: Iterable[Message], notices: Iterable[Notice]) -> list[draw.Shown]:
        """In order of time, without the private ones from before the page was loaded."""
        told = [draw.Said({"ts": n.ts, "user": draw.SLACKBOT, "text": n.text}, n.user) for n in notices]
        everything: list[draw.Shown] = [*messages, *told]
        kept = [
            m for m in everything if m.ephemeral_for is None or float(m.payload["ts"]) >= self.place.since
        ]
        return sorted(kept, key=lambda m: float(m.payload["ts"])) if told else kept

    def _notices(self) -> list[Notice]:
        return self._workspace.notices(self.place.user)

    def _views(self, context: Context) -> Items:
        banners: dict[str, list[str]] = {}
        for notice in self._notices():
            banners.setdefault(notice.view_id or "", []).append(notice.text)
        views: Items = {}
        for depth, view in enumerate(self._workspace.view_stack(self.place.user)):
            key, told = str(view["id"]), tuple(banners.get(str(view["id"]), ()))
            made_of = (view, depth, told)
            views[key] = self._once("views", key, made_of, partial(modal, view, depth, told, context))
        return views

    def _toasts(self) -> Items:
        homeless = [n for n in self._notices() if n.channel is None and n.view_id is None]
        return {n.ts: toast(n.text, n.ts) for n in homeless if float(n.ts) >= self.place.since}
