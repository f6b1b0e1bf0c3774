"""Bolt, put together: parsed requests in, handlers by name, every problem answered where the person looks."""

from __future__ import annotations

import json
import logging
import secrets
from typing import Any

from aiohttp import ClientError
from slack_bolt import BoltResponse
from slack_bolt.async_app import AsyncApp, AsyncBoltRequest
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.error import BoltUnhandledRequestError
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from blocks import problems
from blocks.ids import COMMAND
from blocks.types import Message
from bot.slack import actions, commands, form_changes, modals, views
from bot.slack.parse import SlackRequest
from bot.slack.replies import user_id_of
from bot.slack.services import Services
from bot.slack_client import error_code, status_code
from engine.core.errors import NotFound, Problem, Refused

logger = logging.getLogger("handrail.slack")

HANDLED = frozenset({"command", "block_actions", "view_submission", "view_closed", "block_suggestion"})
NOT_VERIFIED = (
    " Slack did not say just now who you are, so you were taken for a guest: please try again in a minute."
)


async def warm_up(client: AsyncWebClient) -> AuthorizeResult:
    """Ask Slack once who we are, so that the first request need not wait for it. Raises Problem."""
    try:
        answer = await client.auth_test()
    except SlackApiError as error:
        code = error_code(error) or f"status {status_code(error)}"
        raise Problem(
            f"Slack does not take SLACK_BOT_TOKEN ({code}). docs/slack.md says where to find it."
        ) from error
    except (ClientError, TimeoutError, OSError) as error:
        raise Problem(f"Slack cannot be reached at {client.base_url}: {error!r}.") from error
    return AuthorizeResult.from_auth_test_response(auth_test_response=answer, bot_token=client.token)


def build_app(services: Services, authorized: AuthorizeResult) -> AsyncApp:
    """The Bolt app. Requests reach it verified and parsed, so that its own verification has nothing to do."""

    async def authorize() -> AuthorizeResult:
        return authorized

    app = AsyncApp(
        client=services.client,
        signing_secret="verified by the gate",  # noqa: S106
        authorize=authorize,
        process_before_response=True,
        raise_error_for_unhandled_request=True,
        logger=logging.getLogger("handrail.bolt"),
        name="handrail",
    )
    for module in (commands, actions, form_changes, views):
        module.register(app, services)
    app.error(ErrorAnswers(services).answer)
    return app


async def dispatch(app: AsyncApp, request: SlackRequest) -> BoltResponse:
    """Hand a checked request to Bolt as data: its own parser empties forms that hold the word "payload". What
    nobody here handles (events, shortcuts) is taken, and that is all."""
    if request.kind not in HANDLED:
        return BoltResponse(status=200)
    return await app.async_dispatch(AsyncBoltRequest(mode="socket_mode", body=request.body))


class ErrorAnswers:
    """One map from an error to a sentence. An unknown error gets an id, which is also in the log."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def answer(self, error: Exception, body: dict[str, Any]) -> BoltResponse:
        """Say what went wrong, where the person looks: in our answer where it can hold it, else beside it."""
        if "command" not in body and body.get("type") == "block_suggestion":
            return _json({"options": []})
        message = self._message(error, body)
        if message is None:
            return BoltResponse(status=200)
        if "command" in body:
            return _json({"response_type": "ephemeral", "text": message.text, "blocks": message.blocks})
        if body["type"] == "view_submission":
            action = "push" if modals.has_room_above(body["view"]) else "update"
            return _json({"response_action": action, "view": problems.problem_view(message)})
        if body["type"] == "block_actions":
            modals.start_telling(self._services, body, message)
        return BoltResponse(status=200)

    def _message(self, error: Exception, body: dict[str, Any]) -> Message | None:
        """The sentence; None where nobody waits for one."""
        if isinstance(error, BoltUnhandledRequestError):
            sentence = _unhandled(body)
            return problems.problem_message(NotFound(sentence)) if sentence else None
        if isinstance(error, Problem):
            return problems.problem_message(self._with_doubt(error, body))
        error_id = secrets.token_hex(4)
        logger.error("unexpected_error id=%s", error_id, exc_info=error)
        return problems.unknown_error(error_id)

    def _with_doubt(self, error: Problem, body: dict[str, Any]) -> Problem:
        """A refusal, with the reason that may lie behind it."""
        is_refusal = isinstance(error, NotFound | Refused | commands.NoSuchWorkflow)
        if is_refusal and self._services.identity.is_unknown(user_id_of(body)):
            return Problem(error.template + NOT_VERIFIED, error.people)
        return error


def _unhandled(body: dict[str, Any]) -> str | None:
    """What to say of a request that nobody here handles; None for those that nobody waits for."""
    if "command" in body:
        return f"This command is not one of Handrail's. `{COMMAND} help` lists what there is."
    match body.get("type"):
        case "block_actions":
            return actions.STALE
        case "view_submission":
            return views.STALE_FORM
        case _:
            return None  # a closed modal


def _json(content: dict[str, Any]) -> BoltResponse:
    return BoltResponse(
        status=200, body=json.dumps(content), headers={"content-type": "application/json; charset=utf-8"}
    )
