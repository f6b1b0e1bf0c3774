"""What a sandbox is started with."""

import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

from sandbox.access import new_app_token, new_client_id, new_config_token
from sandbox.manifest import Manifest, SlashCommand

LimitMode: TypeAlias = Literal["off", "real", "strict"]

DEFAULT_SCOPES = (
    "channels:history",
    "channels:join",
    "channels:read",
    "chat:write",
    "chat:write.public",
    "commands",
    "files:read",
    "groups:history",
    "groups:read",
    "im:history",
    "im:read",
    "im:write",
    "team:read",
    "usergroups:read",
    "users:read",
)


@dataclass(frozen=True)
class SandboxConfig:
    """`app_url` is where the app takes requests (None: nowhere yet); `public_url` is the sandbox's own
    address, which response URLs and permalinks begin with."""

    app_url: str | None
    bot_token: str
    signing_secret: str
    public_url: str
    state_file: Path | None = None  # None keeps everything in memory only
    limits: LimitMode = "real"
    command: str = "/app"
    app_name: str = "App"
    ack_seconds: float = 3.0
    scopes: tuple[str, ...] = DEFAULT_SCOPES
    app_token: str = field(default_factory=new_app_token)
    config_token: str = field(default_factory=new_config_token)
    client_id: str = field(default_factory=new_client_id)
    client_secret: str = field(default_factory=lambda: secrets.token_hex(16))
    manifest: Manifest | None = None  # None: an app with `command` and `scopes`, and nothing else

    def first_manifest(self) -> Manifest:
        """The app that is installed at the start."""
        manifest = self.manifest or self._plain_manifest()
        return manifest.at(self.app_url) if self.app_url is not None else manifest

    def _plain_manifest(self) -> Manifest:
        command = SlashCommand(self.command, should_escape=True)
        return Manifest(self.app_name, bot_name=self.app_name, commands=(command,), bot_scopes=self.scopes)
