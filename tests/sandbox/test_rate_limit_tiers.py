"""Every method has the rate limit that its page names (docs.slack.dev/reference/methods)."""

import pytest

from sandbox.api.endpoint import METHODS
from sandbox.rate_limits import SPECIAL, TIER_1, TIER_2, TIER_3, TIER_4

TIERS = {
    SPECIAL: """
        apps.event.authorizations.list assistant.threads.setStatus auth.test chat.getPermalink chat.postMessage
    """,
    TIER_1: """
        apps.uninstall
    """,
    TIER_2: """
        auth.teams.list bookmarks.add bookmarks.edit bookmarks.remove chat.startStream chat.stopStream
        conversations.archive conversations.close conversations.create conversations.list conversations.rename
        conversations.setPurpose conversations.setTopic conversations.unarchive emoji.list files.upload pins.add
        pins.list pins.remove reactions.list reactions.remove usergroups.create usergroups.disable
        usergroups.enable usergroups.list usergroups.update usergroups.users.list usergroups.users.update
        users.conversations users.list users.setPresence
    """,
    TIER_3: """
        apps.connections.open apps.manifest.export apps.manifest.validate assistant.threads.setSuggestedPrompts
        assistant.threads.setTitle auth.revoke bookmarks.list bots.info chat.delete chat.deleteScheduledMessage
        chat.meMessage chat.scheduleMessage chat.scheduledMessages.list chat.unfurl chat.update
        conversations.history conversations.info conversations.invite conversations.join conversations.kick
        conversations.leave conversations.mark conversations.open conversations.replies files.delete files.list
        functions.completeError functions.completeSuccess oauth.v2.exchange openid.connect.userInfo reactions.add
        reactions.get team.info users.getPresence users.identity users.lookupByEmail users.profile.set
    """,
    TIER_4: """
        api.test chat.appendStream chat.postEphemeral conversations.members files.completeUploadExternal
        files.getUploadURLExternal files.info oauth.v2.access openid.connect.token users.info users.profile.get
        views.open views.publish views.push views.update
    """,
}
DOCUMENTED = {name: per_minute for per_minute, names in TIERS.items() for name in names.split()}
UNDOCUMENTED = {"agents.sessions.setStatus", "blocks.validate"}  # limited, but Slack names no tier


@pytest.mark.parametrize("name", sorted(METHODS.keys() - UNDOCUMENTED))
def test_a_method_is_limited_as_documented(name: str) -> None:
    assert METHODS[name].per_minute == DOCUMENTED[name]


def test_no_documented_method_of_the_table_is_missing() -> None:
    assert DOCUMENTED.keys() <= METHODS.keys()


def test_only_posts_are_limited_by_channel() -> None:
    posting = {name for name, method in METHODS.items() if method.is_per_channel}
    assert posting >= {"chat.postMessage"}
    assert "chat.update" not in posting
