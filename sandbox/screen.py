"""What one open page shows, in regions of keyed items, so that only what changed is drawn and sent again."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from functools import partial

from markupsafe import Markup

from sandbox.alerts import Alerts
from sandbox.manifest import Manifest
from sandbox.page_place import PAGE_SIZE, Place
from sandbox.panes import Panes
from sandbox.reads import Reads
from sandbox.render import messages as draw
from sandbox.render.context import Context, zone_named
from sandbox.render.html import tag
from sandbox.render.sidebar import conversation_name, display_name, people_switch, toast
from sandbox.render.views import modal
from sandbox.types import Json
from sandbox.workspace import Message, Notice, Workspace

Items = dict[str, Markup]


class Screen:
    """One page of one person. It remembers what it drew last."""

    def __init__(
        self,
        workspace: Workspace,
        reads: Reads,
        place: Place,
        manifest: Callable[[], Manifest] = lambda: Manifest("App"),
    ) -> None:
        self._workspace = workspace
        self._reads = reads
        self._manifest = manifest
        self._alerts = Alerts(workspace, reads)
        self._panes = Panes(workspace, reads, self._alerts, place)
        self.place = place
        self._drawn: dict[tuple[str, str], tuple[object, Markup]] = {}
        self._sent: dict[str, Items] = {}
        self._fresh: dict[str, tuple[Json, float, int]] = {}  # new replies, by thread

    def context(self) -> Context:
        workspace, place = self._workspace, self.place
        names = {person.id: display_name(person) for person in (*workspace.people.values(), workspace.bot)}
        seen = workspace.channels_of(place.user)
        return Context(
            viewer=place.user,
            zone=zone_named(place.zone or workspace.people[place.user].tz),
            now=datetime.fromtimestamp(workspace.clock.now(), UTC),
            people=names,
            channels={c.id: conversation_name(c, place.user, names) for c in seen},
            groups={group.id: group.handle for group in workspace.groups.values()},
            channel=place.channel,
            thread=place.thread,
            kinds={c.id: c.kind for c in seen},
            with_bots=frozenset(c.id for c in seen if c.is_im and workspace.bot.id in c.members),
        )

    def people(self) -> list[Markup]:
        return people_switch(self._workspace.people.values(), self.context())

    def is_with_app(self) -> bool:
        """Whether the place is the app's own: its Home, what it writes to this person, and About."""
        return self._panes.is_with_app()

    def regions(self) -> dict[str, Items]:
        """Everything that changes while the page is open, by region and key, in order."""
        context, place = self.context(), self.place
        if place.show == "":
            self._reads.read(place.user, place.channel)
        if place.thread is not None:
            self._reads.read(place.user, place.channel, place.thread)
        return {
            **self._panes.sidebar(self._manifest(), context),
            **self._main(context),
            "thread": self._thread(context),
            "views": self._views(context),
            "toasts": self._toasts(),
            **self._panes.notifications(context),
        }

    def _main(self, context: Context) -> dict[str, Items]:
        """The one region in the middle of the page."""
        match self.place.show:
            case "home":
                return {"home": self._panes.home(context)}
            case "about":
                return {"about": self._panes.about(self._manifest(), context)}
            case "search":
                return {"results": self._panes.results(context)}
            case "channels":
                return {"directory": self._panes.directory(context)}
            case _:
                return {"messages": self._messages(context)}

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

    def _once(self, region: str, key: str, made_of: object, draw_it: Callable[[], Markup]) -> Markup:
        """Draw, unless the same was drawn from equal material before."""
        known = self._drawn.get((region, key))
        if known is not None and known[0] == made_of:
            return known[1]
        drawn = draw_it()
        self._drawn[region, key] = (made_of, drawn)
        return drawn

    def _messages(self, context: Context) -> Items:
        place = self.place
        here = [n for n in self._notices() if n.channel == place.channel]
        private = [n for n in here if n.thread_ts is None or n.thread_ts != place.thread]
        everything = self._merge(self._workspace.messages(place.channel, place.user), private)
        shown = everything[-place.limit :]
        rows = self._rows(shown, context, "messages")
        if not everything:
            first = next((command.command for command in self._manifest().commands), None)
            empty = draw.empty_channel(place.channel, first, context)
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
            key = str(line.message.payload["ts"])
            fresh = self._new_replies(line.message.payload) if region == "messages" else 0
            whole = draw.Line(line.message, line.continued, parent, fresh, key == self.place.focus)
            made_of = (line.message.payload, line.message.broadcast, line.continued, parent, fresh)
            rows[key] = self._once(region, key, made_of, partial(draw.message_row, whole, context))
        return rows

    def _new_replies(self, payload: Json) -> int:
        """How many replies of a thread that this person follows they have yet to read."""
        user, channel, ts = self.place.user, self.place.channel, str(payload["ts"])
        mark = self._reads.mark(user, channel, ts)
        if float(payload.get("latest_reply") or 0) <= mark or not self._alerts.follows(user, channel, ts):
            return 0
        known = self._fresh.get(ts)
        if known is None or known[0] is not payload or known[1] != mark:
            known = self._fresh[ts] = payload, mark, self._reads.unread_replies(user, channel, ts)
        return known[2]

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
