"""`/healthz`: this process lives. `/readyz`: it can do its work, part by part, with a reason for each part that
cannot."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

CHECK_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Part:
    """One thing the process depends on. Without a part that is not `required`, work goes on, only slower."""

    check: Callable[[], str | None]
    """Gives None when all is well, else a sentence. Runs in a thread."""
    required: bool = True


def health_routes(parts: Mapping[str, Part]) -> list[Route]:
    async def healthz(request: Request) -> Response:
        return PlainTextResponse("ok")

    async def readyz(request: Request) -> Response:
        problems = dict(zip(parts, await asyncio.gather(*map(_ask, parts.values())), strict=True))
        is_ready = not any(problem and parts[name].required for name, problem in problems.items())
        report = {name: problem or "ok" for name, problem in problems.items()}
        return JSONResponse({"ready": is_ready, "parts": report}, 200 if is_ready else 503)

    return [Route("/healthz", healthz), Route("/readyz", readyz)]


async def _ask(part: Part) -> str | None:
    try:
        return await asyncio.wait_for(asyncio.to_thread(part.check), CHECK_SECONDS)
    except TimeoutError:
        return f"did not answer within {CHECK_SECONDS:.0f} seconds"
