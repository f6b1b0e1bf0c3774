"""What was wrong, late or unwise about a call or a request, each thing explained in one sentence."""

import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from slack_sdk import WebClient

from sandbox.tokens import RESPONSE_URL_USES, TRIGGER_SECONDS
from sandbox.types import Json

CLOSE_TO_THE_LIMIT = 0.5  # seconds before the end of the time to acknowledge


class Severity(StrEnum):
    """`error`: refused or broken. `warning`: works today, or works by luck. `note`: good to know."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True)
class Violation:
    """`pointer` says where in the arguments, as a JSON pointer; '' when it is about the whole."""

    severity: Severity
    code: str
    sentence: str
    pointer: str = ""

    def told(self) -> Json:
        return {
            "severity": self.severity.value,
            "code": self.code,
            "sentence": self.sentence,
            "pointer": self.pointer,
        }


def error(code: str, sentence: str, pointer: str = "") -> Violation:
    return Violation(Severity.ERROR, code, sentence, pointer)


def warning(code: str, sentence: str, pointer: str = "") -> Violation:
    return Violation(Severity.WARNING, code, sentence, pointer)


def note(code: str, sentence: str, pointer: str = "") -> Violation:
    return Violation(Severity.NOTE, code, sentence, pointer)


# Calls

_REFUSALS = {
    "not_authed": "The call carries no token; send it as 'Authorization: Bearer …'.",
    "invalid_auth": "Nobody was given this token; look at the installed app for the right one.",
    "not_allowed_token_type": "This method does not take this kind of token.",
    "token_expired": "The token has run out; renew it with its refresh token.",
    "token_revoked": "The token was taken back.",
    "channel_not_found": "There is no such channel, or it is private and the app is not in it.",
    "not_in_channel": "The app is no member of the channel; invite it, or let it join.",
    "is_archived": "The channel is archived; nobody can post there.",
    "channel_is_archived": "The channel is archived; nobody can post there.",
    "user_not_in_channel": "The person is not in that channel.",
    "user_not_found": "There is no such person.",
    "message_not_found": "There is no message with this ts in the channel.",
    "cant_update_message": "An app can change only its own messages.",
    "cant_delete_message": "An app can delete only its own messages.",
    "no_text": "A message needs text, blocks, attachments or markdown_text.",
    "invalid_blocks_format": "blocks is no JSON array.",
    "unknown_method": "Slack has no such method.",
    "invalid_json": "The body is no JSON.",
    "json_not_object": "The body is JSON, but no object.",
    "missing_post_type": "The request has no Content-Type.",
    "invalid_post_type": "Slack reads application/json, forms and multipart, and not this Content-Type.",
    "invalid_form_data": "The form cannot be read.",
    "invalid_payload": "The body is no JSON object.",
    "hash_conflict": "The view has changed since this hash was made; read the newest hash, and update again.",
    "invalid_trigger_id": "Slack never gave out this trigger_id.",
    "exchanged_trigger_id": "This trigger_id was used before; each opens one view only.",
    "expired_trigger_id": f"A trigger_id lives {TRIGGER_SECONDS:g} seconds; open a loading view at once and "
    "update it when the work is done.",
    "push_limit_reached": "A modal holds three views at most.",
    "expired_url": "A response_url lives thirty minutes.",
    "used_url": f"A response_url can be used {RESPONSE_URL_USES} times, and these are over.",
    "duplicate_external_id": "Another view has this external_id.",
    "msg_too_long": "chat.update takes 4,000 characters of text at most.",
}

_WARNINGS = {
    "missing_charset": "JSON is best sent as 'application/json; charset=utf-8'; Slack warns about calls without.",
    "superfluous_charset": "A form has no charset; leave it out of the Content-Type.",
    "missing_text_in_message": "The message has no text: notifications and screen readers have nothing to say.",
    "message_truncated": "The text was longer than 40,000 characters and was cut.",
}

_OLD_METHODS = {
    "channels.": "use the conversations.* methods",
    "groups.": "use the conversations.* methods",
    "im.": "use the conversations.* methods",
    "mpim.": "use the conversations.* methods",
    "rtm.": "use the Events API or Socket Mode",
    "stars.": "Slack's Later list has no API",
    "dialog.open": "use views.open",
    "files.upload": "use files.getUploadURLExternal and files.completeUploadExternal",
    "oauth.access": "use oauth.v2.access",
    "workflows.stepCompleted": "use custom functions and functions.completeSuccess",
    "workflows.stepFailed": "use custom functions and functions.completeError",
    "workflows.updateStep": "use custom functions",
}

_POSTING = ("chat.postMessage", "chat.postEphemeral", "chat.update", "chat.scheduleMessage", "response_url")
_USED_EVERYWHERE = frozenset({"token", "team_id", "limit", "cursor", "include_all_metadata"})
_ON_THE_CLIENT_ONLY = frozenset({"self", "kwargs"})


def call_violations(row: Json, request: Json | None = None) -> list[Violation]:
    """Of one row of the call log. `request` is the delivery whose trigger_id or response_url it uses."""
    return [
        *_of_method(row),
        *_of_refusal(row),
        *_of_warnings(row),
        *_of_text(row),
        *_of_arguments(row),
        *_of_trigger(row, request),
        *_of_response_url(row),
    ]


def _of_method(row: Json) -> Iterator[Violation]:
    for prefix, instead in _OLD_METHODS.items():
        if row["method"].startswith(prefix):
            yield warning("deprecated_method", f"{row['method']} is a thing of the past: {instead}.")
    if row["is_lost"]:
        yield note("lost_reply", "It was done, but the answer was lost on the way, as ordered.")


def _of_refusal(row: Json) -> Iterator[Violation]:
    answer = row["answer"]
    if row["status"] == 429:
        wait = row.get("answer_headers", {}).get("Retry-After", "some")
        cause = "Too many calls, as ordered" if row.get("is_ordered") else "Too many calls"
        yield error(answer.get("error", "ratelimited"), f"{cause}: wait {wait} s (Retry-After).")
        return
    if row["status"] >= 400 and not answer.get("error"):
        yield error("http_status", f"Slack answered with HTTP {row['status']} and no JSON, as ordered.")
        return
    if answer.get("ok", True):
        return
    code = str(answer.get("error", f"HTTP {row['status']}"))
    if row.get("is_ordered"):
        yield error(code, f"Slack answered {code}, as ordered; nothing was done.")
        return
    if code == "missing_scope":
        yield error(
            code, f"The token lacks {answer.get('needed')}; it has {answer.get('provided') or 'none'}."
        )
        return
    messages = answer.get("response_metadata", {}).get("messages", [])
    for message in messages:
        sentence, pointer = _split_pointer(str(message).removeprefix("[ERROR] "))
        yield error(code, f"{sentence[:1].upper()}{sentence[1:]}.", pointer)
    if not messages:
        yield error(code, _REFUSALS.get(code, f"Slack answered {code}."))


def _of_warnings(row: Json) -> Iterator[Violation]:
    for code in row["answer"].get("response_metadata", {}).get("warnings", []):
        yield warning(code, _WARNINGS.get(code, f"Slack warns: {code}."))


def _of_text(row: Json) -> Iterator[Violation]:
    arguments = row["arguments"]
    has_words = arguments.get("text") or arguments.get("markdown_text") or arguments.get("attachments")
    if row["method"] in _POSTING and arguments.get("blocks") and not has_words:
        yield warning(
            "no_fallback_text",
            "Blocks without text: a notification has nothing to show, and a screen reader nothing to read.",
            "/text",
        )


def _of_arguments(row: Json) -> Iterator[Violation]:
    known = known_arguments(row["method"])
    if known is None or row["answer"].get("error") == "unknown_method":
        return
    for name in sorted(set(row["arguments"]) - known):
        yield warning(
            "unknown_argument", f"{row['method']} knows no argument {name!r}; Slack ignores it.", f"/{name}"
        )


@cache
def known_arguments(method: str) -> frozenset[str] | None:
    """What Slack's own client can send to a method; None when it has no such method."""
    function = getattr(WebClient, method.replace(".", "_"), None)
    if function is None:
        return None
    return frozenset(inspect.signature(function).parameters) - _ON_THE_CLIENT_ONLY | _USED_EVERYWHERE


def _of_trigger(row: Json, request: Json | None) -> Iterator[Violation]:
    if request is None or not row["arguments"].get("trigger_id") or not row["answer"].get("ok"):
        return
    age = row["at"] - request["at"]
    sentence = f"The trigger_id of request {request['number']} was used after {max(age, 0):.1f} s."
    if age > TRIGGER_SECONDS - CLOSE_TO_THE_LIMIT:
        yield warning(
            "late_trigger", f"{sentence} At {TRIGGER_SECONDS:g} s it is worth nothing.", "/trigger_id"
        )
    else:
        yield note("trigger_used", sentence, "/trigger_id")


def _of_response_url(row: Json) -> Iterator[Violation]:
    uses = row.get("uses")
    if uses is None or row["status"] != 200:
        return
    sentence = f"Use {uses} of {RESPONSE_URL_USES} of this response_url"
    if uses >= RESPONSE_URL_USES:
        yield warning("last_use", f"{sentence}: the next will be refused.")
    else:
        yield note("response_url_used", f"{sentence}.")


def _split_pointer(message: str) -> tuple[str, str]:
    sentence, opening, pointer = message.partition(" [json-pointer:")
    return sentence, pointer.removesuffix("]") if opening else ""


# Requests to the app

_PROBLEMS = {
    "operation_timeout": "The app did not acknowledge in time; acknowledge first, then work.",
    "dispatch_failed": "The app could not be reached.",
    "http_client_error": "The app refused the request",
    "http_service_error": "The app failed",
    "app_missing_action_url": "The app has no request URL; name one, or connect by Socket Mode.",
    "http_timeout": "The app did not acknowledge in time; acknowledge first, then work.",
    "connection_failed": "The app could not be reached.",
    "http_error": "The app did not answer with 2xx",
    "too_many_redirects": "The app sent the request elsewhere more than twice.",
    "ssl_error": "The app's certificate is not accepted.",
    "unknown_error": "Slack could not deliver it, and knows no better reason.",
}
_FORGERIES = {
    "bad_signature": "Sent with a wrong signature, as ordered",
    "old_timestamp": "Sent with an old timestamp, as ordered",
}
_READ_ANSWERS = ("view_submission", "block_suggestion")


def delivery_violations(row: Json, ack_seconds: float) -> list[Violation]:
    """Of one row of the log of requests; the app had `ack_seconds` to acknowledge it."""
    return [
        *_of_failure(row),
        *_of_time(row, ack_seconds),
        *_of_signature(row),
        *_of_retry(row),
        *_of_repeats(row),
        *_of_answer(row),
    ]


def _of_failure(row: Json) -> Iterator[Violation]:
    problem = row["problem"]
    if problem is None:
        return
    if row.get("is_ordered"):
        yield error(problem, f"It failed with {problem}, as ordered.")
        return
    sentence = _PROBLEMS.get(problem, f"Slack calls it {problem}.")
    if not sentence.endswith("."):
        sentence = f"{sentence} with HTTP {row['status']}."
    yield error(problem, sentence)


def _of_time(row: Json, ack_seconds: float) -> Iterator[Violation]:
    seconds = row["seconds"] or 0.0
    if row["problem"] is None and seconds > ack_seconds - CLOSE_TO_THE_LIMIT:
        yield warning(
            "late_acknowledgement",
            f"Acknowledged after {seconds:.1f} s, close to the limit of {ack_seconds:g} s.",
        )


def _of_signature(row: Json) -> Iterator[Violation]:
    mode = row.get("mode")
    if mode in _FORGERIES and row.get("transport", "http") == "http":
        yield _as_told(mode, _FORGERIES[mode], row["problem"] is None)


def _as_told(code: str, sentence: str, is_accepted: bool) -> Violation:
    if is_accepted:
        return error(code, f"{sentence}, and the app accepted it: anybody could send it.")
    return note(code, f"{sentence}; the app rightly refused it.")


def _of_retry(row: Json) -> Iterator[Violation]:
    retry = row.get("retry")
    if retry:
        sentence = f"Retry {retry['number']} of 3, because of {retry['reason']}; its event_id is the same."
        yield warning("retry", sentence)
    if row.get("resent_from"):
        yield note("resent", f"Request {row['resent_from']} once more, as ordered.")


def _of_repeats(row: Json) -> Iterator[Violation]:
    for repeat in row.get("repeats") or []:
        how = repeat["problem"] or f"HTTP {repeat['status']}"
        yield note("sent_again", f"Sent a second time, as ordered; the app answered with {how}.")


def _of_answer(row: Json) -> Iterator[Violation]:
    answer = (row.get("answer") or "").strip()
    if row["problem"] is None and answer and row["kind"] in _READ_ANSWERS and not answer.startswith("{"):
        yield error("unusable_reply", "Slack reads this answer as a JSON object, and it is none.")
