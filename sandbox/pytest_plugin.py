"""The pytest fixture `slack_sandbox`: a local Slack for the tests of any app, on its first day for each test.

pytest loads this module in every run, so nothing of the sandbox is imported before a test asks for the fixture.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from sandbox.client import SandboxClient
    from sandbox.manifest import Manifest

_MARKER = "slack_sandbox"
_OPTIONS = {
    "slack_sandbox_manifest": "the app's manifest, YAML or JSON, relative to the root of the tests",
    "slack_sandbox_app_url": "where the app takes requests, such as http://localhost:3000/slack/events",
}


@dataclass(frozen=True)
class _Wanted:
    """What a test wants of its sandbox; tests that want the same share one."""

    manifest: Path | None
    app_url: str | None


@dataclass
class _Sandboxes:
    """The sandboxes of this run, each started when it is first wanted."""

    stack: ExitStack
    started: dict[_Wanted, SandboxClient] = field(default_factory=dict)

    def get(self, wanted: _Wanted) -> SandboxClient:
        if wanted not in self.started:
            self.started[wanted] = self._start(wanted)
        client = self.started[wanted]
        client.reset()
        return client

    def _start(self, wanted: _Wanted) -> SandboxClient:
        from sandbox.app import create_app
        from sandbox.client import SandboxClient
        from sandbox.config import SandboxConfig
        from sandbox.serving import free_listener, serving

        listener, address = free_listener()
        self.stack.enter_context(listener)
        config = SandboxConfig(
            app_url=wanted.app_url,
            bot_token=f"xoxb-sandbox-{secrets.token_hex(12)}",
            signing_secret=secrets.token_hex(16),
            public_url=address,
            manifest=_read(wanted.manifest, wanted.app_url),
        )
        self.stack.enter_context(serving(create_app(config), listener))
        return self.stack.enter_context(SandboxClient(address))


def pytest_addoption(parser: pytest.Parser) -> None:
    for name, about in _OPTIONS.items():
        parser.addini(name, about, default="")


def pytest_configure(config: pytest.Config) -> None:
    line = f"{_MARKER}(manifest=None, app_url=None): what the fixture slack_sandbox starts with in this test"
    config.addinivalue_line("markers", line)


@pytest.fixture(scope="session")
def _slack_sandboxes() -> Iterator[_Sandboxes]:
    with ExitStack() as stack:
        yield _Sandboxes(stack)


@pytest.fixture
def slack_sandbox(request: pytest.FixtureRequest, _slack_sandboxes: _Sandboxes) -> SandboxClient:
    """A running local Slack, on its first day; what to do with it is in the class SandboxClient."""
    return _slack_sandboxes.get(_wanted(request))


def _wanted(request: pytest.FixtureRequest) -> _Wanted:
    """From the nearest marker; what that does not say, from the ini file."""
    marker = request.node.get_closest_marker(_MARKER)
    given = dict(marker.kwargs) if marker is not None else {}
    manifest = given.pop("manifest", None) or request.config.getini("slack_sandbox_manifest")
    app_url = given.pop("app_url", None) or request.config.getini("slack_sandbox_app_url")
    if given or (marker is not None and marker.args):
        pytest.fail(
            f"The marker {_MARKER} knows manifest=... and app_url=..., and nothing else.", pytrace=False
        )
    return _Wanted(request.config.rootpath / manifest if manifest else None, app_url or None)


def _read(path: Path | None, app_url: str | None) -> Manifest | None:
    from sandbox.manifest_file import ManifestError, read_manifest

    if path is None:
        return None
    try:
        return read_manifest(path.read_text(encoding="utf-8"), app_url)
    except OSError as error:
        pytest.fail(f"{path} cannot be read: {error.strerror}.", pytrace=False)
    except ManifestError as error:
        pytest.fail(f"{path} has mistakes: {error}", pytrace=False)
