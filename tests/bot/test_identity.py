"""Who somebody is, as Slack says, and what follows when it does not say."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bot.slack.identity import FAILED_SECONDS, MAX_AGE_SECONDS, Identity
from bot.slack_client import SlackClient
from tests.bot.conftest import TOKEN
from tests.support.sandbox_client import ADA, BOB, CYD, GUS, OPS, SandboxClient

TEAM = "T0001"


@dataclass
class Clock:
    now: float = 100.0

    def __call__(self) -> float:
        return self.now


def ask(url: str, question: Callable[[Identity], Awaitable[Any]], clock: Clock | None = None) -> Any:
    async def answer() -> Any:
        return await question(Identity(SlackClient(TOKEN, f"{url}/api/"), clock or Clock()))

    return asyncio.run(answer())


def click(user: str, home: str | None = None) -> dict[str, Any]:
    return {"team": {"id": TEAM}, "user": {"id": user, "team_id": home or TEAM}}


def test_members_guests_and_strangers_are_told_apart(slack: SandboxClient, slack_url: str) -> None:
    async def question(identity: Identity) -> None:
        bob = await identity.principal_of(click(BOB))
        assert (bob.groups, bob.is_guest, bob.is_external) == (frozenset({"S0ONCALL"}), False, False)
        assert (await identity.principal_of(click(ADA))).groups == frozenset()
        assert (await identity.principal_of(click(GUS))).is_guest
        assert (await identity.principal_of(click("U0BOT"))).is_guest
        assert (await identity.principal_of(click("U0NOBODY"))).is_guest
        assert (await identity.principal_of(click(CYD, "T9999"))).is_external

    ask(slack_url, question)


def test_people_and_groups_have_names_and_what_is_not_known_has_its_id(
    slack: SandboxClient, slack_url: str
) -> None:
    async def question(identity: Identity) -> None:
        assert [await identity.name(subject) for subject in (BOB, "S0ONCALL")] == ["bob", "@oncall"]
        assert [await identity.name(subject) for subject in ("U0NOBODY", "S0NONE")] == ["U0NOBODY", "S0NONE"]

    ask(slack_url, question)

    slack.faults("usergroups.list", "error:internal_error")

    async def unanswered(identity: Identity) -> None:
        assert await identity.name("S0ONCALL") == "S0ONCALL"

    ask(slack_url, unanswered)


def test_a_closed_account_is_nobody(slack: SandboxClient, slack_url: str) -> None:
    slack.person(CYD, deactivated=True)

    async def question(identity: Identity) -> None:
        assert (await identity.principal_of(click(CYD))).is_guest
        assert await identity.principal(TEAM, CYD) is None
        assert await identity.is_active_member(CYD) is False
        assert await identity.is_active_member("U0NOBODY") is False
        assert await identity.is_active_member(BOB) is True

    ask(slack_url, question)


def test_what_slack_does_not_say_means_no_and_is_not_asked_at_once_again(
    slack: SandboxClient, slack_url: str
) -> None:
    slack.faults("users.info", "http:500")
    slack.faults("usergroups.list", "error:missing_scope")
    clock = Clock()

    async def question(identity: Identity) -> None:
        for _ in range(3):
            bob = await identity.principal_of(click(BOB))
            assert (bob.is_guest, bob.groups) == (True, None)
            assert identity.is_unknown(BOB)
        assert await identity.is_active_member(BOB) is None
        assert len(slack.calls("users.info")) == 1
        clock.now += FAILED_SECONDS
        assert not (await identity.principal_of(click(BOB))).is_guest
        assert not identity.is_unknown(BOB)

    ask(slack_url, question, clock)


def test_no_answer_is_older_than_a_minute(slack: SandboxClient, slack_url: str) -> None:
    clock = Clock()

    async def question(identity: Identity) -> None:
        assert not (await identity.principal_of(click(BOB))).is_guest
        slack.person(BOB, guest=True)
        clock.now += MAX_AGE_SECONDS - 1
        assert not (await identity.principal_of(click(BOB))).is_guest
        clock.now += 1
        assert (await identity.principal_of(click(BOB))).is_guest

    ask(slack_url, question, clock)


def test_it_knows_where_we_can_post(slack: SandboxClient, slack_url: str) -> None:
    async def question(identity: Identity) -> bool | None:
        return await identity.has_bot(OPS)

    assert ask(slack_url, question) is True
    slack.channel(OPS, bot_is_member=False)
    assert ask(slack_url, question) is True, "public channels need no membership"
    slack.channel(OPS, private=True)
    assert ask(slack_url, question) is False
    slack.channel(OPS, private=False, bot_is_member=True, archived=True)
    assert ask(slack_url, question) is False
    slack.faults("conversations.info", "error:internal_error")
    assert ask(slack_url, question) is None


def test_the_zone_of_a_person_is_what_slack_says_and_utc_where_it_does_not(
    slack: SandboxClient, slack_url: str
) -> None:
    class Elsewhere(SlackClient):
        async def users_info(self, **arguments: Any) -> Any:
            offsets: dict[str, Any] = {ADA: 5 * 3600 + 1800, BOB: -3600, CYD: 10**9}
            return {"user": {"tz_offset": offsets.get(arguments["user"])}}

    async def question(identity: Identity) -> None:
        there = Identity(Elsewhere(TOKEN, f"{slack_url}/api/"), Clock())
        noon = datetime(2026, 1, 31, 12, tzinfo=UTC)
        assert f"{noon.astimezone(await there.zone(ADA)):%H:%M}" == "17:30"
        assert f"{noon.astimezone(await there.zone(BOB)):%H:%M}" == "11:00"
        assert [await there.zone(user) for user in (CYD, GUS)] == [UTC, UTC]
        assert await identity.zone("U0NOBODY") == UTC

    ask(slack_url, question)


def test_the_groups_of_the_workspace_are_known_or_not(slack: SandboxClient, slack_url: str) -> None:
    assert ask(slack_url, lambda identity: identity.groups()) == {"S0ONCALL": "@oncall"}
    slack.faults("usergroups.list", "error:internal_error")
    assert ask(slack_url, lambda identity: identity.groups()) is None
