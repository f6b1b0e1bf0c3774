"""Everything one running sandbox consists of, handed to each part that needs it."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from sandbox.call_log import CallLog
from sandbox.clock import Clock
from sandbox.config import SandboxConfig
from sandbox.delivery import Delivery
from sandbox.faults import Faults
from sandbox.manifest import Manifest
from sandbox.rate_limits import RateLimiter
from sandbox.tokens import ResponseUrls, Triggers
from sandbox.types import Json
from sandbox.workspace import Workspace


@dataclass
class Sandbox:
    """The parts. `scopes` are those of the bot token; `offered` keeps, by action_id and value, the options
    that the app gave for external menus, because only they carry the text of a chosen value."""

    config: SandboxConfig
    clock: Clock
    workspace: Workspace
    triggers: Triggers
    response_urls: ResponseUrls
    limiter: RateLimiter
    delivery: Delivery
    manifest: Manifest
    faults: Faults = field(default_factory=Faults)
    calls: CallLog = field(default_factory=CallLog)
    scopes: frozenset[str] = frozenset()
    offered: dict[str, dict[str, Json]] = field(default_factory=dict)

    def grant(self, scopes: Iterable[str]) -> None:
        """Give the bot token exactly these scopes."""
        self.scopes = frozenset(scopes)

    def reset(self) -> None:
        """Back to the state right after the first start."""
        self.triggers.forget_all()
        self.response_urls.forget_all()
        self.limiter.reset()
        self.limiter.mode = self.config.limits
        self.delivery.reset()
        self.faults.clear()
        self.calls.clear()
        self.offered.clear()
        self.manifest = self.config.first_manifest()
        self.grant(self.config.scopes)
        self.workspace.reset()


def build_sandbox(config: SandboxConfig, clock: Clock) -> Sandbox:
    return Sandbox(
        config=config,
        clock=clock,
        workspace=Workspace(clock, config.app_name, config.command),
        triggers=Triggers(clock),
        response_urls=ResponseUrls(clock, config.public_url),
        limiter=RateLimiter(clock, config.limits),
        delivery=Delivery(config, clock),
        manifest=config.first_manifest(),
        scopes=frozenset(config.scopes),
    )
