"""The whole state of the sandbox: people, channels, messages, open views, notices. Synchronous, no I/O."""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace

from sandbox.boards import Boards
from sandbox.changes import Change, Feed, Happening
from sandbox.clock import Clock, SystemClock
from sandbox.message_store import Message, MessageStore
from sandbox.people import (
    BOT_USER_ID,
    Channel,
    Group,
    Person,
    bot_user,
    fixed_channels,
    fixed_groups,
    fixed_people,
)
from sandbox.tokens import Timestamps, new_id
from sandbox.types import Json
from sandbox.view_store import ViewStore

__all__ = ["Change", "Message", "Notice", "Workspace"]


@dataclass(frozen=True)
class Notice:
    """A line only `user` sees, such as Slackbot's word that a command failed.

    With `view_id` it belongs to that open modal as its banner; else to `channel`.
    """

    user: str
    text: str
    ts: str
    channel: str | None = None
    thread_ts: str | None = None
    view_id: str | None = None


class Workspace:
    """One Slack workspace. Reading methods give Slack's own JSON, oldest first."""

    def __init__(self, clock: Clock | None = None, app_name: str = "App") -> None:
        self.clock = clock or SystemClock()
        self.bot = self._first_bot = bot_user(app_name)
        self.people = fixed_people()
        self.groups = fixed_groups()
        self.channels = fixed_channels()
        self.timestamps = Timestamps(self.clock)
        self._feed: Feed[Change] = Feed()
        self.history = MessageStore(self.publish, self.happened)
        self.views = ViewStore(self.clock, self.publish)
        self._notices: dict[str, list[Notice]] = {}
        self._listeners: list[Callable[[Happening], None]] = []
        self._beside: dict[str, tuple[Callable[[], Json], Callable[[Json], None]]] = {}
        self.boards = Boards()
        self.keep_beside("boards", self.boards.dump, self.boards.load)
        self.keep_beside("cast", self._dump_cast, self._load_cast)

    def member(self, user_id: str) -> Person | None:
        """A person, or the app's bot user."""
        return self.bot if user_id == self.bot.id else self.people.get(user_id)

    def channels_of(self, viewer: str) -> list[Channel]:
        """The conversations a person sees in the sidebar: guests only see where they are members."""
        person = self.people.get(viewer)
        sees_public = person is not None and not person.is_guest
        return [
            channel
            for channel in self.channels.values()
            if viewer in channel.members or (sees_public and not channel.is_private and not channel.is_im)
        ]

    def may_see(self, viewer: str, channel: Channel) -> bool:
        """Whether the channel exists for a person or the app's bot user."""
        if viewer in channel.members:
            return True
        person = self.member(viewer)
        return not channel.is_private and person is not None and not person.is_guest

    def messages(self, channel_id: str, viewer: str | None = None) -> list[Message]:
        """What a channel's main pane shows; with `viewer` also what only that person sees."""
        return self.history.timeline(channel_id, viewer)

    def thread(self, channel_id: str, thread_ts: str, viewer: str | None = None) -> list[Message]:
        """A thread, parent first; empty when there is no such message."""
        return self.history.thread(channel_id, thread_ts, viewer)

    def view_stack(self, user_id: str) -> list[Json]:
        """The open modals of a person, root first; `state.values` holds what was typed so far."""
        return self.views.stack(user_id)

    def home(self, user_id: str) -> Json | None:
        """The published Home tab of a person."""
        return self.views.home(user_id)

    def notices(self, user_id: str) -> list[Notice]:
        return list(self._notices.get(user_id, []))

    def notify(
        self,
        user: str,
        text: str,
        channel: str | None = None,
        thread_ts: str | None = None,
        view_id: str | None = None,
    ) -> None:
        """Show a line to one person only."""
        notice = Notice(user, text, self.timestamps.next(), channel, thread_ts, view_id)
        self._notices.setdefault(user, []).append(notice)
        self.publish(Change("notice", channel, notice.ts, thread_ts, user))

    def withdraw_banner(self, view_id: str) -> None:
        """Forget the notices of a view, because the next try went through."""
        for user, notices in self._notices.items():
            self._notices[user] = [notice for notice in notices if notice.view_id != view_id]

    def change_channel(
        self, channel_id: str, *, archived: bool | None = None, private: bool | None = None
    ) -> Channel:
        channel = self.channels[channel_id]
        is_archived = channel.is_archived if archived is None else archived
        is_private = channel.is_private if private is None else private
        return self.put_channel(replace(channel, is_archived=is_archived, is_private=is_private))

    def change_person(
        self, user_id: str, *, guest: bool | None = None, deactivated: bool | None = None
    ) -> Person:
        person = self.people[user_id]
        is_guest = person.is_guest if guest is None else guest
        is_deactivated = person.is_deactivated if deactivated is None else deactivated
        self.people[user_id] = replace(person, is_guest=is_guest, is_deactivated=is_deactivated)
        return self.people[user_id]

    def set_member(self, channel_id: str, user_id: str, is_member: bool) -> Channel:
        channel = self.channels[channel_id]
        others = channel.members - {user_id}
        return self.put_channel(replace(channel, members=others | {user_id} if is_member else others))

    def direct_message(self, user_id: str, other: str = BOT_USER_ID) -> tuple[Channel, bool]:
        """The conversation of a person with the app, or with somebody else (who may be themselves), and whether
        it was there already."""
        channel_id = "D" + user_id[1:]
        if other != BOT_USER_ID:
            channel_id = "D" + "".join(one[1:] for one in sorted((user_id, other)))
        if channel_id in self.channels:
            return self.channels[channel_id], True
        channel = Channel(
            channel_id,
            self.people[user_id].name,
            is_im=True,
            is_private=True,
            members=frozenset({user_id, other}),
            created=int(self.clock.now()),
            creator=user_id,
        )
        return self.put_channel(channel), False

    def group_message(self, creator: str, others: Iterable[str]) -> tuple[Channel, bool]:
        """The conversation of exactly these members, and whether it was there already."""
        members = list(dict.fromkeys((*others, creator)))
        for channel in self.channels.values():
            if channel.is_mpim and channel.members == frozenset(members):
                return channel, True
        names = [member.name for member in map(self.member, members) if member is not None]
        channel = Channel(
            new_id("G"),
            f"mpdm-{'--'.join(names)}-1",
            is_mpim=True,
            is_private=True,
            members=frozenset(members),
            purpose=f"Group messaging with: {' '.join(f'@{name}' for name in names)}",
            purpose_by=creator,
            purpose_at=int(self.clock.now()),
            created=int(self.clock.now()),
            creator=creator,
        )
        return self.put_channel(channel), False

    def put_channel(self, channel: Channel) -> Channel:
        """A new channel, or one that has changed."""
        self.channels[channel.id] = channel
        self.publish(Change("channel", channel.id))
        return channel

    def put_group(self, group: Group) -> Group:
        """A new user group, or one that has changed."""
        self.groups[group.id] = group
        self.publish(Change("channel"))
        return group

    def put_person(self, person: Person) -> Person:
        """Somebody whose profile has changed, the app's bot user among them."""
        if person.id == self.bot.id:
            self.bot = person
        else:
            self.people[person.id] = person
        self.publish(Change("channel"))
        return person

    def subscribe(self) -> AbstractAsyncContextManager[asyncio.Queue[Change]]:
        """`async with workspace.subscribe() as queue:` gives every Change from then on."""
        return self._feed.subscribe()

    def listen(self, listener: Callable[[Happening], None]) -> None:
        """Call `listener` with everything that the Events API may tell an app; it must not wait."""
        self._listeners.append(listener)

    def happened(self, event: Json, channel: str | None = None) -> None:
        """Something an app may have subscribed to: Slack's inner event, and where it took place."""
        for listener in self._listeners:
            listener(Happening(event, channel))

    def publish(self, change: Change) -> None:
        self._feed.publish(change)

    def reset(self) -> None:
        """Back to the first day: no messages, no views, people and channels as they were."""
        self.people = fixed_people()
        self.bot = self._first_bot
        self.groups = fixed_groups()
        self.channels = fixed_channels()
        self.boards.clear()
        self.history.clear()
        self.views.clear_all()
        self._notices.clear()
        self.publish(Change("reset"))

    def keep_beside(self, name: str, dump: Callable[[], Json], load: Callable[[Json], None]) -> None:
        """Let something else outlive a restart together with the workspace, under its own name."""
        self._beside[name] = dump, load

    def dump(self) -> Json:
        """What outlives a restart, as JSON."""
        channels = [
            {**vars(channel), "members": sorted(channel.members)} for channel in self.channels.values()
        ]
        beside = {name: dump() for name, (dump, _) in self._beside.items()}
        return {"channels": channels, "messages": self.history.dump(), "homes": self.views.dump(), **beside}

    def load(self, data: Json) -> None:
        """Take over what `dump` gave; raises KeyError, TypeError or ValueError when it is something else."""
        rows: Iterable[Json] = data["channels"]
        self.channels = {row["id"]: _loaded_channel(row) for row in rows}
        for ts in self.history.load(data["messages"]):
            self.timestamps.never_before(ts)
        self.views.load(data["homes"])
        for name, (_, load) in self._beside.items():
            if name in data:
                load(data[name])

    def _dump_cast(self) -> Json:
        people = [vars(person) for person in (*self.people.values(), self.bot)]
        return {"people": people, "groups": [vars(group) for group in self.groups.values()]}

    def _load_cast(self, data: Json) -> None:
        """People as they were; the bot keeps the name of the app that is installed now."""
        for row in data["people"]:
            if row["id"] == self.bot.id:
                row = row | {"name": self.bot.name, "real_name": self.bot.real_name}
            self.put_person(Person(**row))
        for row in data["groups"]:
            lists = {"members": tuple(row["members"]), "channels": tuple(row["channels"])}
            self.put_group(Group(**{**row, **lists}))


def _loaded_channel(row: Json) -> Channel:
    """A channel of a state file; one of an older sandbox may lack some of its keys."""
    names = tuple(row.get("previous_names", ()))
    return Channel(**{**row, "members": frozenset(row["members"]), "previous_names": names})
