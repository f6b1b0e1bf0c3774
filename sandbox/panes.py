"""What stands beside the messages of an open page, as keyed items: the sidebar, the app's place, and lists."""

from functools import partial

from sandbox.alerts import Alerts
from sandbox.manifest import Manifest
from sandbox.page_place import Place, is_with_app
from sandbox.people import Channel
from sandbox.reads import Reads
from sandbox.render.context import Context
from sandbox.render.home import about, home_view, no_home
from sandbox.render.lists import (
    Items,
    alert_count,
    alert_items,
    directory,
    found_items,
    found_message,
    popups,
)
from sandbox.render.sidebar import app_row, channel_row
from sandbox.search import search
from sandbox.workspace import Workspace


class Panes:
    """Draws them for one place, as they are now."""

    def __init__(self, workspace: Workspace, reads: Reads, alerts: Alerts, place: Place) -> None:
        self._workspace = workspace
        self._reads = reads
        self._alerts = alerts
        self._place = place

    def sidebar(self, manifest: Manifest, context: Context) -> dict[str, Items]:
        """The regions `channels`, `dms` and `apps`."""
        user, workspace = self._place.user, self._workspace
        mine = [channel for channel in workspace.channels_of(user) if self._is_listed(channel)]
        own = "D" + user[1:]
        rows = {c.id: channel_row(c, self._reads.unread(user, c.id), context) for c in mine if c.id != own}
        direct = {c.id for c in mine if c.kind in ("im", "mpim")}
        unread = self._reads.unread(user, own) if own in workspace.channels else 0
        show = "home" if manifest.home_tab else ""
        app = app_row(workspace.bot, unread, self._place.channel == own, show, context)
        return {
            "channels": {key: row for key, row in rows.items() if key not in direct},
            "dms": {key: row for key, row in rows.items() if key in direct},
            "apps": {workspace.bot.id: app},
        }

    def _is_listed(self, channel: Channel) -> bool:
        """The person's own conversations, and the one they have a look at."""
        if channel.id == self._place.channel:
            return True
        return self._place.user in channel.members and not (channel.is_archived or channel.is_closed)

    def home(self, context: Context) -> Items:
        """The app's Home tab of this person."""
        view = self._workspace.home(self._place.user)
        if view is None:
            return {"nothing": no_home(self._workspace.bot.real_name)}
        notices = self._workspace.notices(self._place.user)
        banners = [notice.text for notice in notices if notice.view_id == view["id"]]
        return {str(view["id"]): home_view(view, banners, context)}

    def about(self, manifest: Manifest, context: Context) -> Items:
        return {"about": about(manifest, self._workspace.bot.real_name, context)}

    def results(self, context: Context) -> Items:
        found = search(self._workspace, self._place.user, self._place.words)
        return found_items(found, partial(found_message, context=context), context)

    def directory(self, context: Context) -> Items:
        seen = self._workspace.channels_of(self._place.user)
        return directory([c for c in seen if c.kind not in ("im", "mpim")], context)

    def notifications(self, context: Context) -> dict[str, Items]:
        """The regions `alerts`, `alert-count` and `popups`; what the page shows anyway does not pop up."""
        place, alerts = self._place, self._alerts.of(self._place.user)
        fresh = [a for a in alerts if a.is_new and float(a.message.ts) >= place.since]
        return {
            "alerts": alert_items(alerts, context),
            "alert-count": alert_count(alerts),
            "popups": popups(reversed(fresh[:3]), context),
        }

    def is_with_app(self) -> bool:
        return is_with_app(self._place.channel, self._workspace)
