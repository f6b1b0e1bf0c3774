"""The frame around the messages: the switch between people and the list of channels."""

from collections.abc import Iterable, Mapping

from markupsafe import Markup

from sandbox.people import Channel, Person
from sandbox.render.context import Context, page_url
from sandbox.render.html import sr_only, tag
from sandbox.render.messages import avatar


def display_name(person: Person) -> str:
    """What others call a person; an app is called by its whole name."""
    return person.real_name if person.is_bot else person.real_name.split()[0]


def people_switch(people: Iterable[Person], context: Context) -> list[Markup]:
    """A link for each person; following it one becomes that person."""
    return [_person(person, context) for person in people]


def _person(person: Person, context: Context) -> Markup:
    name, here = display_name(person), person.id == context.viewer
    role = "Admin" if person.is_admin else person.title
    words = tag(
        "span", tag("span", name, class_="who-name"), tag("span", role, class_="who-role"), class_="who"
    )
    return tag(
        "a",
        avatar(name, person.id),
        words,
        href=page_url(person.id, context.channel, context.thread),
        class_="person",
        aria_current="true" if here else None,
        title=f"{person.real_name} · {role}",
        data_navigate=True,
    )


def channel_row(channel: Channel, unread: int, context: Context) -> Markup:
    """A conversation in the list: bold with a count when something new is in it."""
    here = channel.id == context.channel
    name = context.channels.get(channel.id, channel.name)
    row = tag(
        "a",
        _sign(channel, name, context),
        tag("span", name, class_="channel-name"),
        _count(unread),
        href=context.url(channel=channel.id),
        class_="channel unread" if unread else "channel",
        aria_current="page" if here else None,
        data_navigate=True,
    )
    return tag("li", row, data_key=channel.id)


def app_row(app: Person, unread: int, here: bool, show: str, context: Context) -> Markup:
    """The app: its Home where it has one, else what it writes to this person."""
    row = tag(
        "a",
        avatar(app.real_name, app.id, "avatar avatar-small"),
        tag("span", app.real_name, class_="channel-name"),
        _count(unread),
        href=context.show(show, "app") if show else page_url(context.viewer, "app"),
        class_="channel unread" if unread else "channel",
        aria_current="page" if here else None,
        data_navigate=True,
    )
    return tag("li", row, data_key=app.id)


def _count(unread: int) -> Markup | None:
    return tag("span", unread, sr_only(" unread"), class_="unread-count") if unread else None


def _sign(channel: Channel, name: str, context: Context) -> Markup:
    if channel.is_im:
        return avatar(name, _other(channel, context.viewer), "avatar avatar-small")
    if channel.kind == "mpim":
        return tag(
            "span", len(channel.members) - 1, class_="avatar avatar-small avatar-many", aria_hidden="true"
        )
    sign = "▣" if channel.is_archived else "🔒" if channel.is_private else "#"
    return tag("span", sign, class_="channel-sign", aria_hidden="true")


def _other(channel: Channel, viewer: str) -> str:
    return next((member for member in sorted(channel.members) if member != viewer), viewer)


def conversation_name(channel: Channel, viewer: str, names: Mapping[str, str]) -> str:
    """What a person sees as the name: of a direct message the others in it."""
    if channel.kind not in ("im", "mpim"):
        return channel.name
    others = [names.get(member, member) for member in sorted(channel.members) if member != viewer]
    return ", ".join(others) or f"{names.get(viewer, viewer)} (you)"


def toast(text: str, key: str) -> Markup:
    """A failure that belongs to no channel and no modal."""
    cross = tag("span", class_="icon-close", aria_hidden="true")
    dismiss = tag(
        "button", cross, type="button", class_="btn btn-icon", aria_label="Dismiss notice", data_dismiss=True
    )
    return tag("li", tag("p", text), dismiss, class_="toast", role="alert", data_key=key)
