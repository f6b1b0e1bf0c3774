"""The fixed cast of the sandbox workspace: its team, people, channels, user group and the app's bot."""

from dataclasses import dataclass, field

TEAM_ID = "T0001"
TEAM_NAME = "Sandbox"
TEAM_DOMAIN = "sandbox"

APP_ID = "A0APP"
BOT_ID = "B0BOT"
BOT_USER_ID = "U0BOT"

ADA, BOB, CYD, GUS = "U0ADA", "U0BOB", "U0CYD", "U0GUS"


@dataclass(frozen=True)
class Person:
    """A member of the workspace; the app's bot user is one too (`is_bot`)."""

    id: str
    name: str
    real_name: str
    title: str
    is_admin: bool = False
    is_guest: bool = False
    is_bot: bool = False
    is_deactivated: bool = False
    tz: str = "Etc/UTC"
    tz_offset: int = 0  # seconds
    color: str = "4bbe2e"  # six hex digits, no '#'
    email: str = ""
    display_name: str = ""  # '': the same as `name`
    phone: str = ""
    pronouns: str = ""
    status_text: str = ""
    status_emoji: str = ""  # with its colons
    status_expiration: int = 0  # seconds since 1970; 0: it stays
    is_away: bool = False
    updated: int = 0  # seconds since 1970


@dataclass(frozen=True)
class Channel:
    """A conversation. Changes replace it: look it up in `Workspace.channels` each time.

    A direct message is a channel too: `is_im` is true, `members` are the two of them, and only they may see it;
    a group message has `is_mpim`. Times are seconds since 1970; `*_by` are the ids of those who set it last.
    """

    id: str
    name: str
    topic: str = ""
    is_private: bool = False
    is_archived: bool = False
    is_im: bool = False
    members: frozenset[str] = field(default_factory=frozenset)
    is_mpim: bool = False
    is_closed: bool = False  # a direct or group message that was put away, until it is opened again
    topic_by: str = ""
    topic_at: int = 0
    purpose: str = ""
    purpose_by: str = ""
    purpose_at: int = 0
    created: int = 0
    creator: str = ADA
    previous_names: tuple[str, ...] = ()  # newest first

    @property
    def kind(self) -> str:
        """As Slack's `types` calls it."""
        if self.is_im or self.is_mpim:
            return "im" if self.is_im else "mpim"
        return "private_channel" if self.is_private else "public_channel"


@dataclass(frozen=True)
class Group:
    """A user group; people mention it as @handle. Times are seconds since 1970."""

    id: str
    handle: str
    name: str
    members: tuple[str, ...]
    description: str = ""
    channels: tuple[str, ...] = ()  # those its members are put into
    created: int = 0
    created_by: str = ADA
    updated: int = 0
    updated_by: str = ADA
    disabled: int = 0  # 0: it is in use
    disabled_by: str = ""


def fixed_people() -> dict[str, Person]:
    """The four people of the workspace, by id; the bot is not among them."""
    cast = (
        Person(
            ADA,
            "ada",
            "Ada Adams",
            "Platform lead",
            is_admin=True,
            color="9f69e7",
            email="ada@sandbox.example",
        ),
        Person(BOB, "bob", "Bob Brown", "Release approver", color="4bbe2e", email="bob@sandbox.example"),
        Person(CYD, "cyd", "Cyd Clark", "Engineer on call", color="e7392d", email="cyd@sandbox.example"),
        Person(GUS, "gus", "Gus Green", "Guest", is_guest=True, color="3c989f", email="gus@sandbox.example"),
    )
    return {person.id: person for person in cast}


def bot_user(app_name: str) -> Person:
    """The app's bot user, shown under the app's name."""
    return Person(
        BOT_USER_ID, app_name.lower().replace(" ", "_"), app_name, "App", is_bot=True, color="4a154b"
    )


def fixed_channels() -> dict[str, Channel]:
    """The channels at the start, by id: the bot is in all of them, the guest in #general only."""
    members = frozenset({ADA, BOB, CYD, BOT_USER_ID})
    cast = (
        Channel("C0GENERAL", "general", "Everybody, everything", members=members | {GUS}),
        Channel("C0RELEASES", "releases", "What ships, and when", members=members),
        Channel("C0OPS", "ops", "Keeping it running", members=members),
    )
    return {channel.id: channel for channel in cast}


def fixed_groups() -> dict[str, Group]:
    """The user groups, by id."""
    oncall = Group("S0ONCALL", "oncall", "On call", (BOB, CYD))
    return {oncall.id: oncall}
