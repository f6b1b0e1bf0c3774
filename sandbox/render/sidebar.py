"""The frame around the messages: the switch between people and the list of channels."""

from collections.abc import Iterable

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
    """A channel in the list: bold with a count when something new is in it."""
    here = channel.id == context.channel
    name = context.channels.get(channel.id, channel.name)
    count = tag("span", unread, sr_only(" unread"), class_="unread-count") if unread else None
    row = tag(
        "a",
        tag("span", _sign(channel), class_="channel-sign", aria_hidden="true"),
        tag("span", name, class_="channel-name"),
        count,
        href=context.url(channel=channel.id),
        class_="channel unread" if unread else "channel",
        aria_current="page" if here else None,
        data_navigate=True,
    )
    return tag("li", row, data_key=channel.id)


def _sign(channel: Channel) -> str:
    if channel.is_im:
        return "●"
    return "▣" if channel.is_archived else "🔒" if channel.is_private else "#"


def toast(text: str, key: str) -> Markup:
    """A failure that belongs to no channel and no modal."""
    cross = tag("span", class_="icon-close", aria_hidden="true")
    dismiss = tag(
        "button", cross, type="button", class_="btn btn-icon", aria_label="Dismiss notice", data_dismiss=True
    )
    return tag("li", tag("p", text), dismiss, class_="toast", role="alert", data_key=key)
