"""Requests as Slack sends them, signed."""

from __future__ import annotations

import json
import secrets
import time
from typing import Any
from urllib.parse import urlencode

from blocks.ids import COMMAND, ActionId, CallbackId
from blocks.values import ApprovalRef, FormDraft, encode
from bot.gate import sign

PATH = "/slack/events"
TEAM, ADA, BOB, CHANNEL = "T0001", "U0ADA", "U0BOB", "C0GENERAL"


def command(text: str) -> bytes:
    fields = {
        "command": COMMAND,
        "text": text,
        "team_id": TEAM,
        "user_id": ADA,
        "channel_id": CHANNEL,
        "trigger_id": secrets.token_hex(12),
        "api_app_id": "A0HANDRAIL",
        "response_url": "",
    }
    return urlencode(fields).encode()


def submission(workflow: str, digest: str) -> bytes:
    """The start form of a workflow without parameters, submitted."""
    view = {
        "id": f"V{secrets.token_hex(6).upper()}",
        "type": "modal",
        "callback_id": CallbackId.START_FORM.value,
        "private_metadata": encode(FormDraft(workflow, digest, CHANNEL, int(time.time()))),
        "state": {"values": {}},
    }
    return _interaction("view_submission", ADA, view=view)


def approval(approval_id: str) -> bytes:
    """A click on *Approve*."""
    action = {
        "type": "button",
        "action_id": ActionId.APPROVE.value,
        "block_id": f"approval:{approval_id}",
        "value": encode(ApprovalRef(approval_id)),
        "action_ts": f"{time.time():.6f}",
    }
    return _interaction(
        "block_actions",
        BOB,
        actions=[action],
        channel={"id": CHANNEL},
        container={"type": "message", "channel_id": CHANNEL},
        state={"values": {}},
    )


def headers(secret: str, body: bytes) -> dict[str, str]:
    timestamp = str(int(time.time()))
    return {
        "Content-Type": "application/x-www-form-urlencoded",
        "X-Slack-Request-Timestamp": timestamp,
        "X-Slack-Signature": sign(secret, timestamp, body),
    }


def http(secret: str, body: bytes) -> bytes:
    """The whole request, as it goes over a connection that is kept."""
    lines = {"Host": "127.0.0.1", "Content-Length": str(len(body)), **headers(secret, body)}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"POST {PATH} HTTP/1.1\r\n{head}\r\n".encode() + body


def _interaction(kind: str, user: str, **more: Any) -> bytes:
    payload = {
        "type": kind,
        "team": {"id": TEAM},
        "user": {"id": user, "team_id": TEAM},
        "api_app_id": "A0HANDRAIL",
        "trigger_id": secrets.token_hex(12),
        **more,
    }
    return urlencode({"payload": json.dumps(payload)}).encode()
