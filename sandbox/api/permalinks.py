"""The address of a message."""

from sandbox.api.call import Call
from sandbox.message_store import Message
from sandbox.people import Channel


def permalink(call: Call, channel: Channel, message: Message) -> str:
    base = call.sandbox.config.public_url.rstrip("/")
    link = f"{base}/archives/{channel.id}/p{message.ts.replace('.', '')}"
    return f"{link}?thread_ts={message.thread_ts}&cid={channel.id}" if message.is_reply else link
