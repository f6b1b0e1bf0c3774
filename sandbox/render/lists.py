"""Lists beside the conversations: what a search found, all channels, and a person's notifications."""

from collections.abc import Callable, Iterable

from markupsafe import Markup

from sandbox.alerts import Alert
from sandbox.people import Channel
from sandbox.render.context import Context, page_url
from sandbox.render.dates import clock_time, day_name, full_time, moment
from sandbox.render.html import Content, join, sr_only, tag
from sandbox.render.messages import author, avatar
from sandbox.render.mrkdwn import mrkdwn
from sandbox.search import MOST_FOUND, Found
from sandbox.types import Json

EXCERPT = 280

Items = dict[str, Markup]


def spoken(payload: Json, context: Context) -> str:
    """A message's own text as a notification reads it out: no markup, no blocks."""
    words = " ".join(mrkdwn(str(payload.get("text") or ""), context).striptags().split())
    return words if len(words) <= EXCERPT else words[:EXCERPT].rstrip() + "…"


def message_url(channel: str, payload: Json, context: Context) -> str:
    """Where a message stands: in its thread, or in its channel."""
    ts, thread = str(payload["ts"]), payload.get("thread_ts")
    is_reply = thread not in (None, ts)
    return page_url(context.viewer, channel, str(thread) if is_reply else None, at=ts)


def found_items(found: Found, draw: Callable[[Channel, Json], Markup], context: Context) -> Items:
    """People and channels first, then the messages; one line says how much there is."""
    total = found.count + len(found.channels) + len(found.people)
    words = "Nothing was found." if total == 0 else "1 result" if total == 1 else f"{total} results"
    items: Items = {"count": tag("li", tag("p", words, role="note"), class_="found-count", data_key="count")}
    for person in found.people:
        link = tag(
            "button", f"Message {person.real_name}", type="button", class_="btn", data_open_dm=person.id
        )
        row = [avatar(person.real_name, person.id), _two(person.real_name, person.title), link]
        items[person.id] = tag("li", row, class_="found-row", data_key=person.id)
    for channel in found.channels:
        items[channel.id] = tag(
            "li", _channel_link(channel, context), class_="found-row", data_key=channel.id
        )
    for channel, message in found.messages:
        key = f"{channel.id}:{message.ts}"
        items[key] = tag("li", draw(channel, message.payload), class_="found-message", data_key=key)
    if found.count > MOST_FOUND:
        more = f"These are the newest {MOST_FOUND} messages. Add words to find fewer."
        items["more"] = tag("li", tag("p", more, class_="hint"), data_key="more")
    return items


def found_message(channel: Channel, payload: Json, context: Context) -> Markup:
    """One found message: where, who, when, and its words; the link leads to it."""
    name, at = author(payload, context), moment(payload["ts"], context)
    when = f"{day_name(at, context.now.astimezone(context.zone))} at {clock_time(at)}"
    head = [
        tag("span", context.label(channel.id), class_="found-where"),
        " · ",
        tag("strong", name),
        " ",
        tag("time", when, datetime=at.isoformat(), title=full_time(at), class_="time"),
    ]
    words = spoken(payload, context) or "A message without words"
    href = message_url(channel.id, payload, context)
    return tag(
        "a",
        tag("span", head, class_="found-head"),
        tag("span", words),
        href=href,
        class_="found",
        data_navigate=True,
    )


def directory(channels: Iterable[Channel], context: Context) -> Items:
    """Every channel somebody can see, with a way in or out of it."""
    return {channel.id: _directory_row(channel, context) for channel in channels}


def _directory_row(channel: Channel, context: Context) -> Markup:
    joined = context.viewer in channel.members
    button = tag(
        "button",
        "Leave" if joined else "Join",
        sr_only(f" #{channel.name}"),
        type="button",
        class_="btn" if joined else "btn btn-primary",
        disabled=channel.is_archived,
        **{"data_leave" if joined else "data_join": channel.id},
    )
    return tag("li", _channel_link(channel, context), button, class_="found-row", data_key=channel.id)


def _channel_link(channel: Channel, context: Context) -> Markup:
    joined = context.viewer in channel.members
    count = len(channel.members)
    told = [f"{count} member" if count == 1 else f"{count} members"]
    told += ["joined"] if joined else []
    told += ["private"] if channel.is_private else []
    told += ["archived"] if channel.is_archived else []
    told += [channel.topic] if channel.topic else []
    words = _two(f"#{channel.name}", " · ".join(told))
    return tag("a", words, href=context.url(channel=channel.id), class_="found", data_navigate=True)


def _two(name: str, told: str) -> Markup:
    return tag("span", tag("strong", name), tag("span", told, class_="hint"), class_="two-lines")


def alert_items(alerts: Iterable[Alert], context: Context) -> Items:
    """The bell's list, newest first."""
    items: Items = {}
    for alert in alerts:
        key = f"{alert.channel}:{alert.message.ts}"
        drawn = _alert(alert, context, "notification")
        items[key] = tag("li", drawn, class_="new" if alert.is_new else None, data_key=key)
    if not items:
        words = "Mentions of you, direct messages and replies to your threads are listed here."
        items["none"] = tag("li", tag("p", words, class_="hint"), data_key="none")
    return items


def popups(alerts: Iterable[Alert], context: Context) -> Items:
    """What pops up in a corner when it comes: the notification a Slack client would show."""
    items: Items = {}
    for alert in alerts:
        key = f"alert:{alert.channel}:{alert.message.ts}"
        cross = tag("span", class_="icon-close", aria_hidden="true")
        name = "Dismiss notification"
        dismiss = tag(
            "button", cross, type="button", class_="btn btn-icon", aria_label=name, data_dismiss=True
        )
        items[key] = tag("li", _alert(alert, context, "popup-link"), dismiss, class_="popup", data_key=key)
    return items


def _alert(alert: Alert, context: Context, class_: str) -> Markup:
    payload = alert.message.payload
    name, said = author(payload, context), spoken(payload, context)
    parts: list[Content] = [tag("strong", _title(alert, name, context), class_="alert-title")]
    parts.append(tag("span", said if alert.kind == "direct" else f"{name}: {said}", class_="alert-text"))
    if alert.is_new and class_ == "notification":
        parts.append(sr_only(" (new)"))
    href = message_url(alert.channel, payload, context)
    return tag("a", join(parts), href=href, class_=class_, data_navigate=True)


def _title(alert: Alert, name: str, context: Context) -> str:
    if alert.kind == "direct":
        return name
    where = context.label(alert.channel)
    return f"Thread in {where}" if alert.thread else where


def alert_count(alerts: Iterable[Alert]) -> Items:
    """How many notifications are new, on the bell and for the window's title; nothing when there are none."""
    count = sum(alert.is_new for alert in alerts)
    words = sr_only(" new notifications" if count != 1 else " new notification")
    return (
        {"count": tag("span", count, words, class_="bell-count", data_key="count", data_count=count)}
        if count
        else {}
    )
