"""Calls one function for a `python` step. Run as a script of its own by `engine/executors/python.py`.

Standard input holds what to call, as JSON: `function`, `arguments`, the workflow's `folder`, and the paths of the
files `output`, for the function's value as JSON, and `problem`, for why there is none: `kind` ("failed", or
"errored" when the function was never reached) and a `sentence`.
"""

from __future__ import annotations

import functools
import importlib
import importlib.metadata
import inspect
import json
import os
import sys
import traceback
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

GROUP = "handrail.steps"
LARGEST_VALUE = 256 * 1024
_LONGEST_SENTENCE = 500


class Problem(Exception):
    """Why there is no value; the text is a sentence for people."""

    def __init__(self, kind: str, sentence: str) -> None:
        super().__init__(sentence)
        self.kind = kind


def main() -> int:
    """The exit code. SystemExit of the function goes through."""
    call = json.load(sys.stdin.buffer)
    _forget_stdin()
    sys.path.append(call["folder"])  # last, so that no file there stands in for an installed module
    try:
        function = find(call["function"])
        positional, named = check_arguments(function, call["function"], call["arguments"])
        value = as_json(carry_out(function, positional, named))
    except Problem as problem:
        report = {"kind": problem.kind, "sentence": str(problem)}
        Path(call["problem"]).write_text(json.dumps(report), encoding="utf-8")
        return 1
    if value != b"null":
        Path(call["output"]).write_bytes(value)
    return 0


def _forget_stdin() -> None:
    """From now on standard input is empty."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)


# --- which function


def find(name: str) -> Callable[..., object]:
    """The function "package.module:name", or that of an entry point. Raises Problem."""
    module, _, path = name.partition(":")
    found = _in_module(module, path) if path else _of_entry_point(name)
    if not callable(found):
        raise Problem("errored", f"'{name}' is not a function.")
    return found


def _in_module(module: str, path: str) -> object:
    try:
        found: object = importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module}.".startswith(f"{error.name}."):
            raise _broken(f"The module '{module}' could not be imported", error) from None
        raise Problem(
            "errored",
            f"There is no module '{error.name}' on this worker. Install its package there, or put it into "
            "the folder of the workflow.",
        ) from None
    except Exception as error:
        raise _broken(f"The module '{module}' could not be imported", error) from None
    for part in path.split("."):
        if not hasattr(found, part):
            raise Problem("errored", f"The module '{module}' has no function '{path}'.")
        found = getattr(found, part)
    return found


def _of_entry_point(name: str) -> object:
    found = {point.value: point for point in importlib.metadata.entry_points(group=GROUP, name=name)}
    if len(found) != 1:
        known = ", ".join(sorted(importlib.metadata.entry_points(group=GROUP).names)) or "none"
        what = "No installed package has" if not found else "Several installed packages have"
        raise Problem(
            "errored",
            f"{what} a step '{name}' on this worker (entry points of the group {GROUP}; known are: {known}). "
            "A function of a module is written package.module:name.",
        )
    try:
        loaded: object = found.popitem()[1].load()
    except Exception as error:
        raise _broken(f"The step '{name}' could not be loaded", error) from None
    return loaded


def _broken(what: str, error: Exception) -> Problem:
    show_traceback(error)
    return Problem("errored", f"{what}: {_text(error)}")


# --- its arguments and its value


def check_arguments(
    function: Callable[..., object], name: str, arguments: Mapping[str, object]
) -> tuple[Sequence[object], Mapping[str, object]]:
    """The arguments as the function's annotations want them. Raises Problem."""
    from pydantic import ValidationError, validate_call

    @functools.wraps(function)
    def take(*positional: object, **named: object) -> tuple[Sequence[object], Mapping[str, object]]:
        return positional, named

    try:
        checked: Callable[..., Any] = validate_call(config={"arbitrary_types_allowed": True})(take)
    except Exception as error:
        raise _broken(f"The arguments that '{name}' takes could not be found out", error) from None
    try:
        taken: tuple[Sequence[object], Mapping[str, object]] = checked(**arguments)
    except ValidationError as error:
        mistakes = error.errors(include_url=False, include_context=False, include_input=False)
        raise Problem("failed", "; ".join(_mistake(dict(mistake)) for mistake in mistakes)) from None
    return taken


def _mistake(mistake: Mapping[str, Any]) -> str:
    name = ".".join(map(str, mistake["loc"]))
    match mistake["type"]:
        case "missing_argument" | "missing_keyword_only_argument" | "missing_positional_only_argument":
            return f"the argument '{name}' is missing"
        case "unexpected_keyword_argument":
            return f"the function takes no argument '{name}'"
    return f"the argument '{name}' is wrong: {mistake['msg']}"


def carry_out(
    function: Callable[..., object], positional: Sequence[object], named: Mapping[str, object]
) -> object:
    """What the function returns, awaited when it is a coroutine. Raises Problem when it raises."""
    try:
        value = function(*positional, **named)
        return _awaited(value) if inspect.isawaitable(value) else value
    except Exception as error:
        show_traceback(error)
        raise Problem("failed", _text(error)) from None


def _awaited(value: Awaitable[object]) -> object:
    import asyncio  # takes 25 ms, and most functions do not need it

    async def wait() -> object:
        return await value

    return asyncio.run(wait())


def as_json(value: object) -> bytes:
    """JSON in UTF-8. Raises Problem."""
    from pydantic_core import to_jsonable_python

    try:
        plain = to_jsonable_python(value, inf_nan_mode="constants")
        text = json.dumps(plain, allow_nan=False, ensure_ascii=False)
    except Exception as error:
        raise Problem("failed", f"what it returned cannot be written as JSON: {_text(error)}") from None
    data = text.encode("utf-8", "replace")
    if len(data) > LARGEST_VALUE:
        raise Problem("failed", "what it returned is larger than 256 KiB of JSON; return less")
    return data


# --- what people read


def _text(error: BaseException) -> str:
    said = " ".join(str(error).split())
    text = f"{type(error).__name__}: {said}" if said else type(error).__name__
    return text if len(text) <= _LONGEST_SENTENCE else text[: _LONGEST_SENTENCE - 1] + "…"


def show_traceback(error: BaseException) -> None:
    """On stderr, beginning where the step's own code does."""
    own = _own_part(error.__traceback__)
    traceback.print_exception(type(error), error, own)


def _own_part(trace: TracebackType | None) -> TracebackType | None:
    while trace is not None and (
        trace.tb_frame.f_code.co_filename == __file__ or "importlib" in trace.tb_frame.f_code.co_filename
    ):
        trace = trace.tb_next
    return trace


if __name__ == "__main__":
    sys.exit(main())
