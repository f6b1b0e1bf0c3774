"""How the client asks a running sandbox, and what it raises when the sandbox refuses."""

import json
import ssl
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self, TypeAlias

import httpx

Json: TypeAlias = dict[str, Any]


class SandboxRefusal(AssertionError):
    """The sandbox did not do what was asked; the text says what and why. `answer` is its JSON.

    It is an AssertionError, so that a test that meets one reads as failed and not as broken.
    """

    def __init__(self, sentence: str, answer: Json) -> None:
        super().__init__(sentence)
        self.answer = answer


class Asking:
    """Asks the control API of the sandbox at `base_url`."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        # Plain HTTP to this machine: an empty list of authorities, as loading the usual one is slow; no proxy.
        authorities = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self._http = httpx.Client(base_url=base_url, trust_env=False, verify=authorities, timeout=90)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.shut()

    def shut(self) -> None:
        self._http.close()

    def _act(self, path: str, body: Mapping[str, Any], check: bool) -> Json:
        given = {key: value for key, value in body.items() if value is not None}
        answer: Json = self._http.post(f"/control/{path}", json=given).json()
        if check and not answer["ok"] and "errors" not in answer:
            sentence = f"{path} was refused: {json.dumps(answer, indent=2)}\nasked: {given}"
            raise SandboxRefusal(sentence, answer)
        return answer

    def _read(self, path: str, **query: str | None) -> Json:
        answer: Json = self._http.get(f"/control/{path}", params=_given(query)).json()
        if not answer["ok"]:
            raise SandboxRefusal(f"{path} was refused: {json.dumps(answer, indent=2)}", answer)
        return answer

    def _wait(self, kind: str, timeout: float, **query: str | None) -> Json:
        asked = _given(query)
        params = {**asked, "kind": kind, "timeout": str(timeout)}
        answer: Json = self._http.get("/control/wait", params=params).json()
        if not answer["ok"]:
            last = json.dumps(answer.get("last", []), indent=2, ensure_ascii=False)[:6000]
            message = f"{answer['message']} Waited for a {kind} with {asked}; last seen:\n{last}"
            raise SandboxRefusal(message, answer)
        match: Json = answer["match"]
        return match


def _given(query: Mapping[str, str | None]) -> dict[str, str]:
    return {key: value for key, value in query.items() if value is not None}
