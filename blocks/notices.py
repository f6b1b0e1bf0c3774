"""What a person is told in direct messages, because the run's channel cannot be used."""

from __future__ import annotations

from blocks.summary import run_name, status_words
from blocks.text import channel, escape, safe, section
from blocks.types import Message
from engine.core.picture import RunPicture


def undeliverable(picture: RunPicture, url: str) -> Message:
    """To the requester: the channel takes no messages, and where the run can be followed instead. `url` is ours."""
    place = channel(picture.channel_id) if picture.channel_id else "its channel"
    text = (
        f"{safe(run_name(picture), 300)} is {status_words(picture)}, but {place} takes no messages from Handrail: "
        "it is archived, or Handrail is not in it. The run goes on; its messages are tried again every ten "
        f"minutes. Follow it with `/workflow show {picture.number}` or on <{escape(url)}|its page>."
    )
    return Message(text, [section(text)])
