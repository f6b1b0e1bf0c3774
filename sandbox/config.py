"""What a sandbox is started with."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

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
    command: str = "/workflow"
    app_name: str = "App"
    ack_seconds: float = 3.0
    scopes: tuple[str, ...] = DEFAULT_SCOPES
    manifest: Manifest | None = None  # None: an app with `command` and `scopes`, and nothing else

    def first_manifest(self) -> Manifest:
        """The app that is installed at the start."""
        if self.manifest is not None:
            return self.manifest
        command = SlashCommand(self.command, should_escape=True)
        return Manifest(self.app_name, bot_name=self.app_name, commands=(command,), bot_scopes=self.scopes)
