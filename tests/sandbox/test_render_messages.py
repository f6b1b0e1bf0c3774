"""Message rows: who, when, grouped how, with which footers."""

from typing import Any

from sandbox.render.messages import Day, Line, Said, lines_of, message_row
from tests.sandbox.rendering import CONTEXT, NOW, Elements

AT = NOW.timestamp()


def said(seconds_ago: float, user: str = "U0BOB", ephemeral_for: str | None = None, **more: Any) -> Said:
    return Said({"ts": f"{AT - seconds_ago:.6f}", "user": user, "text": "hello", **more}, ephemeral_for)


def continued(*messages: Said) -> list[bool]:
    return [line.continued for line in lines_of(messages, CONTEXT) if isinstance(line, Line)]


def test_messages_of_one_person_within_five_minutes_are_grouped() -> None:
    assert continued(said(400), said(300), said(299), said(0)) == [False, True, True, True]
    assert continued(said(700), said(300)) == [False, False]


def test_another_author_or_a_private_remark_begins_anew() -> None:
    assert continued(said(9), said(8, "U0ADA")) == [False, False]
    assert continued(said(9), said(8, ephemeral_for="U0ADA")) == [False, False]
    assert continued(said(9), Said(said(8).payload, broadcast=True), said(7)) == [False, False, False]


def test_a_day_divider_stands_before_each_day() -> None:
    names = [
        line.name
        for line in lines_of([said(2 * 86400), said(86400), said(5), said(1)], CONTEXT)
        if isinstance(line, Day)
    ]
    assert names == ["Friday, November 20th", "Yesterday", "Today"]


def test_an_app_is_marked_and_a_person_is_not() -> None:
    app = said(1, bot_id="B0BOT", bot_profile={"name": "Pilot"})
    assert '<span class="badge">APP</span>' in message_row(Line(app), CONTEXT)
    assert "APP" not in message_row(Line(said(1)), CONTEXT)


def test_a_private_message_says_so_and_cannot_be_replied_to() -> None:
    drawn = message_row(Line(said(1, ephemeral_for="U0ADA")), CONTEXT)
    assert "Only visible to you" in drawn
    assert "Reply in thread" not in drawn


def test_blocks_take_the_place_of_the_text() -> None:
    blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": "*from blocks*"}}]
    drawn = Elements(message_row(Line(said(1, blocks=blocks)), CONTEXT)).text
    assert "from blocks" in drawn
    assert "hello" not in drawn


def test_a_parent_tells_of_its_replies() -> None:
    parent = said(
        9, thread_ts=f"{AT - 9:.6f}", reply_count=3, reply_users=["U0BOB", "U0ADA"], latest_reply=f"{AT:.6f}"
    )
    drawn = message_row(Line(parent), CONTEXT)
    assert "3 replies" in drawn
    assert "Last reply" in drawn
    assert "3 replies" not in message_row(Line(parent), CONTEXT.on(CONTEXT.surface, "thread"))


def test_a_reply_in_the_channel_names_its_thread_and_in_the_thread_its_channel() -> None:
    reply = Said(said(1, thread_ts="1.0").payload, broadcast=True)
    parent = {"ts": "1.0", "text": "*Deploy* <@U0BOB> " + "x" * 200}
    in_channel = Elements(message_row(Line(reply, parent=parent), CONTEXT)).text
    assert "replied to a thread: Deploy @Bob xxx" in in_channel
    assert "…" in in_channel
    assert "Also sent to the channel" in message_row(Line(reply), CONTEXT.on(CONTEXT.surface, "thread"))


def test_an_edited_message_says_so() -> None:
    assert "(edited)" in message_row(Line(said(1, edited={"user": "U0BOB", "ts": "1.0"})), CONTEXT)


def test_attachments_are_shown_with_their_blocks_or_words() -> None:
    attachments = [
        {"title": "T", "title_link": "https://example.com", "text": "_words_"},
        {"blocks": [{"type": "divider"}]},
        {"fallback": "fell back"},
    ]
    drawn = message_row(Line(said(1, attachments=attachments)), CONTEXT)
    assert "<em>words</em>" in drawn
    assert "<hr>" in drawn
    assert "fell back" in drawn


def test_names_and_texts_of_people_are_escaped() -> None:
    hostile = said(1, user="<script>", username="<img src=x>", text="<script>hack()</script>")
    assert set(Elements(message_row(Line(hostile), CONTEXT)).tags).isdisjoint({"script", "img"})
