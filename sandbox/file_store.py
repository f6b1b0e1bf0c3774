"""Files of the workspace: what Slack tells of each, where it is shared, its bytes, and uploads under way."""

import re
import secrets
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from sandbox.changes import Change, Happening
from sandbox.errors import SlackError
from sandbox.file_contents import Contents, FolderContents, MemoryContents, is_file_id
from sandbox.file_kinds import media_type, pretty_type, slack_type
from sandbox.people import TEAM_ID, Channel
from sandbox.tokens import new_id
from sandbox.types import Json
from sandbox.workspace import Workspace

MOST_BYTES = 50_000_000  # of one file; Slack takes a gigabyte
MOST_BYTES_TOGETHER = 500_000_000
MOST_SNIPPET_BYTES = 1_000_000  # files.getUploadURLExternal: snippet_too_large
UPLOAD_SECONDS = 3600.0  # how long an upload address waits for its file

_NOT_IN_ADDRESS = re.compile(r"[^a-z0-9._-]+")


@dataclass(frozen=True)
class Share:
    """A message that carries the file."""

    channel: str
    ts: str
    thread_ts: str | None = None


@dataclass
class StoredFile:
    """One file. `seen_by_app`: a person gave it to the app in a form, so the app may read it."""

    id: str
    name: str
    title: str
    user: str
    created: int
    size: int
    snippet_type: str | None = None
    alt_txt: str | None = None
    by_app: bool = False
    seen_by_app: bool = False
    shares: list[Share] = field(default_factory=list)

    @property
    def filetype(self) -> str:
        return self.snippet_type or slack_type(self.name)

    @property
    def mimetype(self) -> str:
        return "text/plain" if self.snippet_type else media_type(self.name, self.filetype)

    @property
    def mode(self) -> str:
        return "snippet" if self.snippet_type else "hosted"


@dataclass
class Upload:
    """An address somebody may send one file to. `is_received`: its bytes have come."""

    file: StoredFile
    secret: str
    issued_at: float
    is_received: bool = False


class FileStore:
    """All files by id. `base_url` is the sandbox's own address."""

    def __init__(self, workspace: Workspace, base_url: str) -> None:
        self._workspace = workspace
        self._clock = workspace.clock
        self._base_url = base_url.rstrip("/")
        self._publish = workspace.publish
        self._tell = workspace.happened
        self._contents: Contents = MemoryContents()
        self._files: dict[str, StoredFile] = {}
        self._uploads: dict[str, Upload] = {}  # by secret
        self._deleted: set[str] = set()

    def keep_in(self, folder: Path | None) -> None:
        """From now on the bytes outlive the process; or with None no longer, and the folder is emptied."""
        old, self._contents = self._contents, MemoryContents() if folder is None else FolderContents(folder)
        for file_id in [*self._files, *(upload.file.id for upload in self._uploads.values())]:
            content = old.get(file_id)
            if content is not None:
                self._contents.put(file_id, content)
        old.keep_only(set())

    # Looking

    def find(self, file_id: str) -> StoredFile | None:
        return self._files.get(file_id)

    def was_deleted(self, file_id: str) -> bool:
        return file_id in self._deleted

    def all(self) -> list[StoredFile]:
        """Oldest first."""
        return list(self._files.values())

    def content(self, file: StoredFile) -> bytes | None:
        return self._contents.get(file.id)

    def upload(self, secret: str) -> Upload | None:
        """The upload that still waits for its file at this address."""
        upload = self._uploads.get(secret)
        is_open = upload is not None and not upload.is_received and not self._is_over(upload)
        return upload if is_open else None

    def may_see(self, file: StoredFile, user: str, *, is_app: bool = False) -> bool:
        """Its owner sees a file, and everybody who is where it is shared (people also in public channels)."""
        if file.user == user or (is_app and file.seen_by_app):
            return True
        places = [place for share in file.shares if (place := self._channel(share.channel)) is not None]
        if is_app:
            return any(user in place.members for place in places)
        return any(self._workspace.may_see(user, place) for place in places)

    # Uploading

    def reserve(
        self,
        user: str,
        name: str,
        size: int,
        *,
        by_app: bool = False,
        snippet_type: str | None = None,
        alt_txt: str | None = None,
    ) -> Upload:
        """An address for a file of exactly this size; SlackError when there is no room for it."""
        self._forget_old()
        if size > MOST_BYTES:
            raise SlackError("file_upload_size_restricted")
        if self._taken() + size > MOST_BYTES_TOGETHER:
            raise SlackError("storage_limit_reached")
        now = self._clock.now()
        file = StoredFile(new_id("F"), name, name, user, int(now), size, snippet_type, alt_txt, by_app)
        upload = Upload(file, secrets.token_urlsafe(32), now)
        self._uploads[upload.secret] = upload
        return upload

    def receive(self, upload: Upload, content: bytes) -> None:
        """Keep what was sent; the file is there once the upload is completed."""
        self._contents.put(upload.file.id, content)
        upload.is_received = True

    def received(self, file_id: str) -> Upload | None:
        """The upload of this file, when its bytes have come and nobody completed it yet."""
        uploads = (each for each in self._uploads.values() if each.file.id == file_id)
        found = next(uploads, None)
        return found if found is not None and found.is_received and not self._is_over(found) else None

    def complete(self, upload: Upload, title: str | None = None) -> StoredFile:
        del self._uploads[upload.secret]
        file = upload.file
        file.title = title or file.title
        self._files[file.id] = file
        self._tell({"type": "file_created", **self._named(file), "user_id": file.user}, None)
        self._publish(Change("file"))
        return file

    def add(self, user: str, name: str, content: bytes) -> StoredFile:
        """A file a person chose, all at once."""
        upload = self.reserve(user, name, len(content))
        self.receive(upload, content)
        return self.complete(upload)

    # What becomes of it

    def shared(self, file: StoredFile, share: Share) -> None:
        """Remember the message that carries it, and tell of it."""
        is_first_public = self._kind(share) == "public" and not any(
            self._kind(other) == "public" for other in file.shares
        )
        file.shares.append(share)
        if is_first_public:
            self._tell({"type": "file_public", **self._named(file), "user_id": file.user}, share.channel)
        event = {
            "type": "file_shared",
            "channel_id": share.channel,
            **self._named(file),
            "user_id": file.user,
        }
        self._tell(event, share.channel)
        self._publish(Change("file"))

    def hear(self, happening: Happening) -> None:
        """A message is gone: the files it carried are not shared there any more."""
        event, channel = happening.event, happening.channel
        old = event.get("previous_message") or {}
        is_gone = event.get("subtype") == "message_deleted"
        is_gone |= (event.get("message") or {}).get("subtype") == "tombstone"
        if not is_gone or channel is None:
            return
        for carried in old.get("files") or []:
            file = self._files.get(carried["id"])
            if file is not None:
                file.shares = [s for s in file.shares if (s.channel, s.ts) != (channel, old["ts"])]
                self._tell({"type": "file_unshared", **self._named(file), "user_id": file.user}, channel)

    def show_app(self, file: StoredFile) -> None:
        file.seen_by_app = True
        self._publish(Change("file"))

    def delete(self, file: StoredFile) -> None:
        """Take it away; the messages that carry it are the caller's to change."""
        del self._files[file.id]
        self._deleted.add(file.id)
        self._contents.drop(file.id)
        places: list[str | None] = [*dict.fromkeys(share.channel for share in file.shares)]
        for channel in places or [None]:
            self._tell({"type": "file_deleted", "file_id": file.id}, channel)
        self._publish(Change("file"))

    def clear(self) -> None:
        self._files.clear()
        self._uploads.clear()
        self._deleted.clear()
        self._contents.keep_only(set())

    # Telling

    def describe(self, file: StoredFile) -> Json:
        """Slack's file object."""
        place = f"{self._base_url}/files-pri/{TEAM_ID}-{file.id}"
        name = _NOT_IN_ADDRESS.sub("_", file.name.lower())
        described: Json = {
            "id": file.id,
            "created": file.created,
            "timestamp": file.created,
            "name": file.name,
            "title": file.title,
            "mimetype": file.mimetype,
            "filetype": file.filetype,
            "pretty_type": pretty_type(file.filetype),
            "user": file.user,
            "user_team": TEAM_ID,
            "editable": file.mode == "snippet",
            "size": file.size,
            "mode": file.mode,
            "is_external": False,
            "external_type": "",
            "is_public": any(self._kind(share) == "public" for share in file.shares),
            "public_url_shared": False,
            "display_as_bot": False,
            "username": "",
            "url_private": f"{place}/{name}",
            "url_private_download": f"{place}/download/{name}",
            "media_display_type": "unknown",
            "permalink": f"{self._base_url}/files/{file.user}/{file.id}/{name}",
            "comments_count": 0,
            "is_starred": False,
            "shares": self._shares(file),
            **self._places(file),
            "has_rich_preview": False,
            "file_access": "visible",
        }
        return described | ({"alt_txt": file.alt_txt} if file.alt_txt else {})

    def in_message(self, file: StoredFile) -> Json:
        """The same as it stands in a message, which does not say where else the file is."""
        left_out = ("shares", "channels", "groups", "ims", "comments_count")
        return {key: value for key, value in self.describe(file).items() if key not in left_out}

    def dump(self) -> Json:
        return {"files": [asdict(file) for file in self._files.values()], "deleted": sorted(self._deleted)}

    def load(self, data: Json) -> None:
        """Take over what `dump` gave; ValueError for an id that could name a file anywhere."""
        rows: Iterable[dict[str, Any]] = data.get("files", [])
        files = [StoredFile(**{**row, "shares": [Share(**share) for share in row["shares"]]}) for row in rows]
        if not all(is_file_id(file.id) for file in files):
            raise ValueError("a file has no id such as F0123456789")
        self._files = {file.id: file for file in files}
        self._deleted = set(data.get("deleted", []))

    def sweep(self) -> None:
        """Throw away bytes that belong to no file, such as a crash leaves behind."""
        uploading = {upload.file.id for upload in self._uploads.values()}
        self._contents.keep_only(self._files.keys() | uploading)

    def _forget_old(self) -> None:
        """Uploads nobody finished make room."""
        for upload in [upload for upload in self._uploads.values() if self._is_over(upload)]:
            del self._uploads[upload.secret]
            self._contents.drop(upload.file.id)

    def _is_over(self, upload: Upload) -> bool:
        return self._clock.now() - upload.issued_at > UPLOAD_SECONDS

    def _taken(self) -> int:
        waiting = sum(upload.file.size for upload in self._uploads.values())
        return waiting + sum(file.size for file in self._files.values())

    def _channel(self, channel_id: str) -> Channel | None:
        return self._workspace.channels.get(channel_id)

    def _named(self, file: StoredFile) -> Json:
        return {"file_id": file.id, "file": {"id": file.id}}

    def _kind(self, share: Share) -> str:
        place = self._channel(share.channel)
        return "public" if place is not None and not place.is_private else "private"

    def _shares(self, file: StoredFile) -> Json:
        shares: Json = {}
        for share in file.shares:
            shares.setdefault(self._kind(share), {}).setdefault(share.channel, []).append(self._share(share))
        return shares

    def _share(self, share: Share) -> Json:
        place = self._channel(share.channel)
        message = self._workspace.history.get(share.channel, share.ts)
        said = message.payload if message is not None else {}
        row: Json = {
            "reply_users": said.get("reply_users", []),
            "reply_users_count": said.get("reply_users_count", 0),
            "reply_count": said.get("reply_count", 0),
            "ts": share.ts,
            "channel_name": place.name if place else "",
            "team_id": TEAM_ID,
            "share_user_id": said.get("user", ""),
        }
        return row | ({"thread_ts": share.thread_ts} if share.thread_ts else {})

    def _places(self, file: StoredFile) -> dict[str, list[str]]:
        places: dict[str, list[str]] = {"channels": [], "groups": [], "ims": []}
        keys = {"public_channel": "channels", "private_channel": "groups"}
        for channel_id in dict.fromkeys(share.channel for share in file.shares):
            channel = self._channel(channel_id)
            places[keys.get(channel.kind, "ims") if channel else "channels"].append(channel_id)
        return places
