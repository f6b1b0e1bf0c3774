"""The control API's part about the app itself: which one it is, and putting another in its place."""

from urllib.parse import urlsplit

from starlette.requests import Request

from sandbox.context import Sandbox
from sandbox.control_http import Action, Body, Question
from sandbox.errors import ControlError
from sandbox.manifest_file import ManifestError, read_manifest
from sandbox.registration import check_addresses, description, install
from sandbox.types import Json


class AppControl:
    """One method for each address."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def actions(self) -> dict[str, Action]:
        """Path below /control/ -> what it does."""
        return {"app": self.install}

    def questions(self) -> dict[str, Question]:
        """Path below /control/ -> what it tells."""
        return {"app": self.show}

    async def show(self, request: Request) -> Json:
        """The installed app, with its tokens and secrets."""
        return {"ok": True, "app": description(self._sandbox)}

    async def install(self, body: Body) -> Json:
        """Install the app of `manifest` (its text, or what stands in it); with `app_url` all requests go there.
        Without a manifest the addresses of the present one are asked again. `checks` says how they answered."""
        source, app_url = body.given.get("manifest"), body.text("app_url")
        if source is not None and not isinstance(source, str | dict):
            raise ControlError("bad_argument", "manifest must be YAML or JSON text, or an object.")
        if app_url is not None and not is_web_address(app_url):
            raise ControlError(
                "bad_argument",
                "app_url must be an absolute address, such as http://localhost:3000/slack/events.",
            )
        if source is not None:
            try:
                install(self._sandbox, read_manifest(source, app_url))
            except ManifestError as error:
                sentence = f"The manifest has mistakes: {error}"
                raise ControlError("invalid_manifest", sentence, 422, errors=error.told()) from error
        elif app_url is not None:
            self._sandbox.manifest = self._sandbox.manifest.at(app_url)
        if not self._sandbox.manifest.socket_mode:
            await self._sandbox.socket_mode.disconnect_all("link_disabled")
        checks = await check_addresses(self._sandbox)
        return {"ok": True, "app": description(self._sandbox), "checks": checks}


def is_web_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
