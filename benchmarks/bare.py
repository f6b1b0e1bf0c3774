"""The yardstick of answers: one Starlette route that checks Slack's signature and does nothing else.

`python -m benchmarks.bare PORT`, with SLACK_SIGNING_SECRET set.
"""

from __future__ import annotations

import hmac
import os
import sys

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from benchmarks.slack_requests import PATH
from bot.gate import sign

ANSWER = "the signature matches"


def make_app(secret: str) -> Starlette:
    async def answer(request: Request) -> PlainTextResponse:
        expected = sign(secret, request.headers["x-slack-request-timestamp"], await request.body())
        is_signed = hmac.compare_digest(expected, request.headers["x-slack-signature"])
        return PlainTextResponse(ANSWER, 200 if is_signed else 401)

    async def health(request: Request) -> PlainTextResponse:
        return PlainTextResponse("ok")

    return Starlette(routes=[Route(PATH, answer, methods=["POST"]), Route("/healthz", health)])


if __name__ == "__main__":
    uvicorn.run(
        make_app(os.environ["SLACK_SIGNING_SECRET"]),
        host="127.0.0.1",
        port=int(sys.argv[1]),
        log_config=None,
        access_log=False,
        server_header=False,
        loop="uvloop",
        http="httptools",
    )
