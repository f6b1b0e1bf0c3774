"""Everything one running sandbox consists of, handed to each part that needs it."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from sandbox.access import AccessTokens
from sandbox.assistant import Assistant
from sandbox.audience import Audience
from sandbox.call_log import CallLog
from sandbox.changes import Change
from sandbox.clock import Clock, MovableClock
from sandbox.config import SandboxConfig
from sandbox.delivery import Delivery
from sandbox.events import Events
from sandbox.faults import Faults, Pace, Trouble
from sandbox.file_contents import files_folder
from sandbox.file_store import FileStore
from sandbox.functions import Functions
from sandbox.links import Links
from sandbox.manifest import Manifest
from sandbox.oauth import Codes
from sandbox.openid import IdTokens
from sandbox.people import bot_user
from sandbox.rate_limits import RateLimiter
from sandbox.reads import Reads
from sandbox.scheduled import ScheduledMessages
from sandbox.socket_mode import SocketMode
from sandbox.store_file import StoreFile
from sandbox.streams import Streams
from sandbox.tokens import ResponseUrls, Triggers
from sandbox.types import Json
from sandbox.workspace import Workspace


@dataclass
class Sandbox:
    """The parts. `manifest` is the installed app; `offered` keeps, by action_id and value, the options
    that the app gave for external menus, because only they carry the text of a chosen value."""

    config: SandboxConfig
    clock: MovableClock
    workspace: Workspace
    triggers: Triggers
    response_urls: ResponseUrls
    limiter: RateLimiter
    delivery: Delivery
    socket_mode: SocketMode
    events: Events
    manifest: Manifest
    access: AccessTokens
    codes: Codes
    functions: Functions
    files: FileStore
    scheduled: ScheduledMessages
    streams: Streams
    assistant: Assistant
    links: Links
    reads: Reads
    faults: Faults = field(default_factory=Faults)
    pace: Pace = field(default_factory=Pace)
    store: StoreFile | None = None  # None keeps everything in memory only
    calls: CallLog = field(default_factory=CallLog)
    offered: dict[str, dict[str, Json]] = field(default_factory=dict)
    id_tokens: IdTokens = field(default_factory=IdTokens)

    @property
    def scopes(self) -> frozenset[str]:
        """Those of the bot token."""
        return self.access.bot_scopes

    @property
    def is_described(self) -> bool:
        """Whether a manifest says what the app is; without one everything is switched on."""
        return self.config.manifest is not None or bool(self.manifest.document)

    @property
    def is_messages_tab_off(self) -> bool:
        """Only where the manifest says so: left out, Slack leaves the tab on."""
        home = self.manifest.document.get("features", {}).get("app_home", {})
        return home.get("messages_tab_enabled") is False

    def grant(self, scopes: Iterable[str]) -> None:
        """Give the bot token exactly these scopes."""
        self.access.grant_bot(scopes)

    def reset(self) -> None:
        """Back to the state right after the first start."""
        self.triggers.forget_all()
        self.response_urls.forget_all()
        self.limiter.reset()
        self.limiter.mode = self.config.limits
        self.limiter.is_commercial = False
        self.events.reset()
        self.delivery.reset()
        self.clock.skipped = 0.0
        self.faults.clear()
        self.pace.reset()
        self.calls.clear()
        self.offered.clear()
        self.codes.forget_all()
        self.functions.reset()
        self.files.clear()
        self.scheduled.clear()
        self.streams.clear()
        self.assistant.clear()
        self.links.clear()
        first = self.config.first_manifest()
        if first != self.manifest:
            self.workspace.publish(Change("app"))
        self.manifest = first
        self.access.reset(self.manifest.bot_scopes)
        self.workspace.bot = bot_user(self.manifest.bot_name or self.manifest.name)
        self.workspace.reset()
        self.reads.clear()


def _build_access(
    config: SandboxConfig, clock: Clock, workspace: Workspace, manifest: Manifest
) -> AccessTokens:
    access = AccessTokens(
        clock,
        config.bot_token,
        config.app_token,
        manifest.bot_scopes,
        is_active=lambda user_id: (
            user_id in workspace.people and not workspace.people[user_id].is_deactivated
        ),
        changed=lambda: workspace.publish(Change("access")),
        config_token=config.config_token,
    )
    workspace.keep_beside("access", access.dump, access.load)
    return access


def _build_files(config: SandboxConfig, workspace: Workspace) -> FileStore:
    files = FileStore(workspace, config.public_url)
    if config.state_file is not None:
        files.keep_in(files_folder(config.state_file))
    workspace.keep_beside("files", files.dump, files.load)
    workspace.listen(files.hear)
    return files


def build_sandbox(config: SandboxConfig, system_clock: Clock) -> Sandbox:
    clock = MovableClock(system_clock)
    manifest = config.first_manifest()
    workspace = Workspace(clock, manifest.bot_name)
    access = _build_access(config, clock, workspace, manifest)
    files = _build_files(config, workspace)
    scheduled = ScheduledMessages(clock, workspace.publish)
    workspace.keep_beside("scheduled", scheduled.dump, scheduled.load)
    faults, pace, socket_mode = Faults(), Pace(), SocketMode(config, clock)
    delivery = Delivery(config, clock, lambda: sandbox.manifest, socket_mode, Trouble(faults, pace))
    limiter = RateLimiter(clock, config.limits)
    events = Events(
        workspace,
        delivery,
        clock,
        Audience(workspace, lambda: sandbox.manifest, access),
        is_limited=lambda: limiter.mode != "off",
    )
    workspace.listen(events.hear)
    links = Links(workspace, lambda: sandbox.manifest.unfurl_domains)
    workspace.listen(links.hear)
    sandbox = Sandbox(
        config=config,
        clock=clock,
        workspace=workspace,
        triggers=Triggers(clock),
        response_urls=ResponseUrls(clock, config.public_url),
        limiter=limiter,
        delivery=delivery,
        socket_mode=socket_mode,
        events=events,
        faults=faults,
        pace=pace,
        store=StoreFile(config.state_file, workspace) if config.state_file is not None else None,
        manifest=manifest,
        access=access,
        codes=Codes(clock),
        functions=Functions(clock, access.revoke),
        files=files,
        scheduled=scheduled,
        streams=Streams(clock),
        assistant=Assistant(clock, workspace.history, workspace.publish),
        links=links,
        reads=Reads(workspace),
    )
    return sandbox
