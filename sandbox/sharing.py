"""Files in messages: posting them, deleting them, and what people choose in a form's file input."""

from collections.abc import Mapping, Sequence
from typing import Any

from sandbox.context import Sandbox
from sandbox.elements import stateful_elements
from sandbox.errors import ControlError, SlackError
from sandbox.file_store import Share, StoredFile
from sandbox.message_store import Message
from sandbox.messaging import person_payload, thread_parent
from sandbox.sight import Sight
from sandbox.typed_text import escape_typed
from sandbox.types import Json


def post_files(sandbox: Sandbox, channel_id: str, payload: Json, files: Sequence[StoredFile]) -> Message:
    """Post `payload` (a message with its ts) carrying the files."""
    store = sandbox.files
    carried = {"files": [], "upload": True, "display_as_bot": False}
    message = Message(payload | carried)
    for file in files:
        store.shared(file, Share(channel_id, message.ts, message.thread_ts))
    message.payload |= {"files": [store.in_message(file) for file in files]}
    sandbox.workspace.history.add(channel_id, message)
    return message


def refresh_addresses(sandbox: Sandbox) -> None:
    """After a restart the sandbox may have another address: messages of before name the files by the new one."""
    for file in sandbox.files.all():
        for share in file.shares:
            message = sandbox.workspace.history.get(share.channel, share.ts)
            if message is not None and "files" in message.payload:
                fresh = sandbox.files.in_message(file)
                files = [fresh if each["id"] == file.id else each for each in message.payload["files"]]
                message.payload = message.payload | {"files": files}


def delete_file(sandbox: Sandbox, file: StoredFile) -> None:
    """Take a file away; the messages that carried it say that it was deleted."""
    gone = {"id": file.id, "mode": "tombstone"}
    for share in file.shares:
        message = sandbox.workspace.history.get(share.channel, share.ts)
        if message is not None and "files" in message.payload:
            files = [gone if each["id"] == file.id else each for each in message.payload["files"]]
            sandbox.workspace.history.replace(share.channel, share.ts, message.payload | {"files": files})
    sandbox.files.delete(file)


def share_as_person(
    sandbox: Sandbox,
    user: str,
    channel_id: str,
    file_ids: Sequence[str],
    text: str = "",
    thread_ts: str | None = None,
) -> Json:
    """Post files a person has uploaded, with what they typed; ControlError when it is impossible."""
    sight, workspace = Sight(sandbox.workspace), sandbox.workspace
    sight.person(user)
    channel = sight.place(user, channel_id)
    if not file_ids:
        raise ControlError("no_file", "There is no file to share.")
    files = [own_file(sandbox, user, file_id) for file_id in file_ids]
    try:
        parent = thread_parent(workspace, channel.id, thread_ts) if thread_ts else None
    except SlackError as error:
        sentence = f"There is no thread {thread_ts} in #{channel.name}."
        raise ControlError(error.error, sentence, 404) from error
    payload = person_payload(workspace, user, escape_typed(workspace, text.strip()), parent)
    if not text.strip():
        payload.pop("blocks", None)
    message = post_files(sandbox, channel.id, payload, files)
    return {"ok": True, "channel": channel.id, "ts": message.ts}


def own_file(sandbox: Sandbox, user: str, file_id: str) -> StoredFile:
    file = sandbox.files.find(file_id)
    if file is None or file.user != user:
        raise ControlError("file_not_found", f"{user} has uploaded no file {file_id!r}.", 404)
    return file


def chosen_files(sandbox: Sandbox, user: str, blocks: list[Json], values: Mapping[str, Any]) -> Json:
    """The values of a form with uploaded files, named by their ids, put in as the app is told of them.

    A file given as {name, size} stays as it is: there are no bytes of it.
    """
    found = dict(values)
    for block_id, element in stateful_elements(blocks):
        if element["type"] != "file_input" or block_id not in found:
            continue
        value, action_id = found[block_id], element["action_id"]
        is_by_action = isinstance(value, dict) and set(value) == {action_id}
        given = value[action_id] if is_by_action else value
        found[block_id] = [_chosen(sandbox, user, each) for each in _several(given)]
    return found


def _several(given: Any) -> list[Any]:
    if given in (None, "", False):
        return []
    return given if isinstance(given, list) else [given]


def _chosen(sandbox: Sandbox, user: str, entry: Any) -> Any:
    file_id = entry.get("id") if isinstance(entry, dict) else entry
    if not isinstance(file_id, str) or (isinstance(entry, str) and sandbox.files.find(entry) is None):
        return entry
    file = own_file(sandbox, user, file_id)
    sandbox.files.show_app(file)
    return sandbox.files.describe(file)
