"""What each address of the control API is for, and which fields it reads."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from sandbox.types import Json

FieldType: TypeAlias = Literal["text", "number", "flag", "object", "list", "any"]


@dataclass(frozen=True)
class Field:
    """One field. `about` says what stands in it."""

    name: str
    type: FieldType
    about: str
    is_needed: bool = False

    def told(self) -> Json:
        return {"name": self.name, "type": self.type, "about": self.about, "needed": self.is_needed}


@dataclass(frozen=True)
class Described:
    about: str
    fields: tuple[Field, ...] = ()


def _need(name: str, about: str, kind: FieldType = "text") -> Field:
    return Field(name, kind, about, is_needed=True)


def _may(name: str, about: str, kind: FieldType = "text") -> Field:
    return Field(name, kind, about)


def _described(about: str, *fields: Field) -> Described:
    return Described(about, fields)


_USER = _need("user", "the id of the person who acts")
_CHANNEL = _need("channel", "a channel's id")
_TS = _need("ts", "a message's ts")
_THREAD = _may("thread_ts", "the ts of the thread's first message")
_VIEW = _need("view_id", "an open view's id")
_ELEMENT = (
    _need("action_id", "the element"),
    _may("block_id", "its block, where the action_id occurs twice"),
    _may("channel", "where the message is"),
    _may("ts", "which message it is"),
    _may("view_id", "or which view"),
)

DESCRIPTIONS: dict[str, Described] = {
    # What people do
    "POST command": _described(
        "Type a slash command, and wait until the app has acknowledged it.",
        _USER,
        _CHANNEL,
        _need("text", "the whole line, from the slash on"),
        _THREAD,
    ),
    "POST post": _described(
        "Write an ordinary message.",
        _USER,
        _CHANNEL,
        _need("text", "what to write"),
        _THREAD,
        _may("broadcast", "true sends a reply to the channel too", "flag"),
    ),
    "POST click": _described(
        "Press a button, or choose in a menu, of a message or a view.",
        _USER,
        *_ELEMENT,
        _may("value", "what is chosen", "any"),
        _may("state", "what stands in the other inputs: {block_id: value}", "object"),
    ),
    "POST submit": _described(
        "Press the submit button of the modal on top.",
        _USER,
        _VIEW,
        _may("values", "what is filled in: {block_id: value}", "object"),
    ),
    "POST close": _described(
        "Press Cancel in a modal.",
        _USER,
        _VIEW,
        _may("clear", "press the X instead: all of them close", "flag"),
    ),
    "POST options": _described(
        "Type into an external menu; gives the app's options.",
        _USER,
        *_ELEMENT,
        _may("value", "what is typed"),
    ),
    "POST upload": _described(
        "Choose files, for a form or as a message: a multipart form instead of JSON.",
        _USER,
        _need("files", "the files, one part each", "list"),
        _may("channel", "post them there"),
        _THREAD,
        _may("text", "the words beside them"),
    ),
    "POST shortcut": _described(
        "Choose a shortcut of the app: a global one, or with a message one of that message's menu.",
        _USER,
        _need("callback_id", "which one"),
        _may("channel", "of a message: where it is"),
        _may("ts", "of a message: which it is"),
    ),
    "POST react": _described(
        "Add a reaction to a message, or take one's own away.",
        _USER,
        _CHANNEL,
        _TS,
        _need("name", "the emoji's name, without colons"),
    ),
    "POST edit": _described(
        "Change one's own message.", _USER, _CHANNEL, _TS, _need("text", "the new words")
    ),
    "POST delete": _described("Delete one's own message.", _USER, _CHANNEL, _TS),
    "POST unread": _described("Mark a message, and all after it, as unread.", _USER, _CHANNEL, _TS),
    "POST pin": _described(
        "Pin a message to its channel.", _USER, _CHANNEL, _TS, _may("pinned", "false takes it off", "flag")
    ),
    "POST home": _described(
        "Open the app's Home; the app is told.", _USER, _may("tab", "home or messages; home unless told")
    ),
    "POST join": _described("Join a public channel.", _USER, _CHANNEL),
    "POST leave": _described("Leave a channel.", _USER, _CHANNEL),
    "POST create": _described(
        "Create a channel.",
        _USER,
        _need("name", "its name, without the #"),
        _may("private", "whether only its members see it", "flag"),
        _may("topic", "what it is about"),
    ),
    "POST invite": _described(
        "Bring people, or the app, into a channel.", _USER, _CHANNEL, _need("users", "their ids", "list")
    ),
    "POST open_dm": _described(
        "Open the conversation with a person, with the app, or with several people.",
        _USER,
        _need("users", "the others' ids", "list"),
    ),
    "POST function": _described(
        "Start a custom step of the app.",
        _USER,
        _need("callback_id", "which one"),
        _may("inputs", "its input parameters", "object"),
    ),
    # What is there
    "GET messages": _described(
        "A channel's messages, or one thread, oldest first.",
        _CHANNEL,
        _may("thread", "the ts of the thread's first message"),
        _may("viewer", "also what only this person sees"),
    ),
    "GET views": _described(
        "The open modals, the Home tab and the banners of a person.", _need("user", "whose")
    ),
    "GET calls": _described(
        "The app's Web API calls and its answers at response URLs, oldest first.",
        _may("method", "only of this method; response_url for the latter"),
    ),
    "GET deliveries": _described("The requests that were sent to the app, oldest first."),
    "GET wait": _described(
        "Wait until something is there: a message, a view, no view, or a call.",
        _need("kind", "message, view, no_view or call"),
        _may("timeout", "seconds to wait at most; 10 unless told", "number"),
        _may("contains", "words in it"),
        _may("channel", "of a message: where"),
        _may("thread", "of a message: in which thread"),
        _may("viewer", "of a message: also what only this person sees"),
        _may("action_id", "of a message or view: an element in it"),
        _may("user", "of a view: whose"),
        _may("callback_id", "of a view"),
        _may("method", "of a call"),
        _may("after", "of a call: with a number above this", "number"),
    ),
    "GET source": _described(
        "The text of one's own message as it was typed.", _need("user", "whose"), _CHANNEL, _TS
    ),
    "GET functions": _described("The custom steps that were started, and how each of them is."),
    "GET app": _described("The installed app, with its tokens, secrets, scopes and addresses."),
    # What happened, and what was wrong with it
    "GET ": _described("This list."),
    "GET timeline": _described(
        "Requests to the app and calls of the app, newest first, with what was wrong about each.",
        _may("direction", "request (to the app) or call (of the app)"),
        _may("kind", "a method, or a kind of request"),
        _may("failed", "true: only those with an error or a warning", "flag"),
        _may("text", "words anywhere in what was sent or answered"),
        _may("limit", "how many at most, 1 to 1000; 100 unless told", "number"),
    ),
    "GET entry": _described(
        "One entry of the time line with headers, payload and answer.",
        _need("id", "such as call-12 or request-3"),
    ),
    "GET violations": _described(
        "Everything that was wrong, late or unwise, newest first.",
        _may("severity", "error, warning or note: this and worse; warning unless told"),
    ),
    "GET budget": _described("What is left of each rate limit that was touched, the scarcest first."),
    "POST clear": _described("Empty both logs; everything else stays."),
    # What goes wrong
    "POST faults": _described(
        "Let the next calls of a method, or requests to the app, fail; without fields: let nothing fail.",
        _may(
            "method", "a method, response_url, * for any call, delivery for any request, or delivery:<kind>"
        ),
        _may("mode", "error:<code>, http:<4xx or 5xx>, ratelimited:<seconds>, lost_reply or slow:<seconds>"),
        _may("times", "how often; 1 unless told", "number"),
    ),
    "POST pace": _described(
        "Slow Slack down.",
        _may("answers", "seconds before each answer to a call, 0 to 60", "number"),
        _may("deliveries", "seconds before each request to the app, 0 to 60", "number"),
    ),
    "POST delivery": _described(
        "How requests reach the app.",
        _need("mode", "once, twice, twice_at_once, bad_signature or old_timestamp"),
    ),
    "POST resend": _described(
        "Send a request of the log again, signed anew.",
        _need("number", "the request's number", "number"),
        _may("times", "how often, 1 to 20; 1 unless told", "number"),
    ),
    "POST events": _described(
        "Let an event happen; refused with the reason when the app would not be told of it.",
        _need("event", "Slack's inner event, with its type", "object"),
        _may("channel", "where it happens; unless told, the event's own channel"),
    ),
    # What is switched
    "POST app": _described(
        "Install an app in the place of the one before, or send all requests to another address.",
        _may("manifest", "its manifest: YAML or JSON text, or an object", "any"),
        _may("app_url", "where all requests go, whatever the manifest says"),
    ),
    "GET clock": _described("The time in the sandbox."),
    "POST clock": _described(
        "Let time pass at once: retries, expiry and scheduled messages come due.",
        _need("skip", "how many seconds", "number"),
    ),
    "GET subscription": _described("Whether events are sent, and how those of the last hour went."),
    "POST subscription": _described(
        "Switch the event subscription on or off.", _need("enabled", "whether events are sent", "flag")
    ),
    "GET socket-mode": _described("Whether the app uses Socket Mode, and how many connections it has."),
    "POST socket-mode": _described(
        "Send the app's WebSockets away, as Slack does from time to time.",
        _need("disconnect", "the reason: warning, refresh_requested or link_disabled"),
    ),
    "GET switches": _described("How limits, delivery, pace, faults, scopes and keeping stand."),
    "POST limits": _described(
        "Switch the rate limits.",
        _need("mode", "off, real or strict"),
        _may(
            "commercial", "whether the app is sold outside Slack's Marketplace: history once a minute", "flag"
        ),
    ),
    "POST scopes": _described(
        "Give the bot token exactly these scopes.", _need("scopes", "their names", "list")
    ),
    "POST channels": _described(
        "Change a channel.",
        _CHANNEL,
        _may("archived", "whether it is archived", "flag"),
        _may("private", "whether it is private", "flag"),
        _may("bot_is_member", "whether the app is in it", "flag"),
    ),
    "POST people": _described(
        "Make somebody a guest, or close their account.",
        _need("user", "who"),
        _may("guest", "whether they are a guest", "flag"),
        _may("deactivated", "whether their account is closed", "flag"),
    ),
    "POST messages/delete": _described("Delete any message, whoever wrote it.", _CHANNEL, _TS),
    "GET state": _described("The whole workspace as JSON, and whether it is kept for the next start."),
    "POST state": _described(
        "Keep the workspace or throw it away when the sandbox ends, or put an exported one in its place.",
        _may("keep", "whether it is kept", "flag"),
        _may("state", "what GET state gave as state", "object"),
    ),
    "POST reset": _described("Back to the first day: no messages, views, calls or faults."),
}
