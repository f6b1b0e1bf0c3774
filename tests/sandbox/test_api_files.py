"""files.*: the three steps of an upload, reading, listing, deleting, and who may download what."""

import asyncio
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from slack_sdk import WebClient
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.config import DEFAULT_SCOPES
from sandbox.file_contents import FolderContents
from tests.sandbox.calling import Desk
from tests.sandbox.conftest import TOKEN, MovableClock
from tests.sandbox.fake_app import FakeApp
from tests.sandbox.test_api_chat import code_of
from tests.sandbox.views import modal
from tests.support.sandbox_client import ADA, BOB, GENERAL, GUS, OPS, RELEASES, SandboxClient

SCOPES = [*DEFAULT_SCOPES, "files:write"]
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 40


@pytest.fixture
def files(sandbox: SandboxClient, slack: WebClient) -> WebClient:
    """Slack's client of an app that may write files."""
    sandbox.scopes(SCOPES)
    return slack


@pytest.fixture
def http(sandbox: SandboxClient) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=sandbox.base_url, trust_env=False, verify=False) as client:
        yield client


def bearer(token: str = TOKEN) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def reserve(files: WebClient, name: str = "notes.txt", length: int = 5, **more: Any) -> Any:
    return files.files_getUploadURLExternal(filename=name, length=length, **more)


def uploaded(files: WebClient, http: httpx.Client, content: bytes = b"hello", name: str = "notes.txt") -> str:
    """A file whose bytes are there, but which is not completed."""
    step = reserve(files, name, len(content))
    assert http.post(step["upload_url"], content=content).status_code == 200
    return str(step["file_id"])


def test_slacks_client_uploads_a_file_into_a_channel(sandbox: SandboxClient, files: WebClient) -> None:
    answer = files.files_upload_v2(
        content="line one\nline two",
        filename="notes.txt",
        title="Notes",
        channel=GENERAL,
        initial_comment="Look:",
    )
    (message,) = sandbox.messages(GENERAL)
    file = answer["file"]
    assert (file["title"], file["name"], file["mimetype"], file["size"]) == (
        "Notes",
        "notes.txt",
        "text/plain",
        17,
    )
    assert message["text"] == "Look:"
    assert [each["id"] for each in message["files"]] == [file["id"]]
    assert message["upload"] is True
    assert file["channels"] == [GENERAL]
    assert file["shares"]["public"][GENERAL][0]["ts"] == message["ts"]


def test_slacks_asynchronous_client_uploads_too(
    sandbox: SandboxClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    sandbox.scopes(SCOPES)

    async def talk() -> Any:
        slack = AsyncWebClient(TOKEN, base_url=sandbox.base_url + "/api/", retry_handlers=[])
        rows: list[dict[str, Any]] = [
            {"filename": "a.py", "content": "1"},
            {"filename": "b.bin", "file": b"\0\1"},
        ]
        return await slack.files_upload_v2(file_uploads=rows, channel=OPS)

    answer = asyncio.run(talk())
    assert [file["filetype"] for file in answer["files"]] == ["python", "bin"]
    (message,) = sandbox.messages(OPS)
    assert [file["name"] for file in message["files"]] == ["a.py", "b.bin"]
    assert message["text"] == ""


def test_a_file_goes_into_a_thread_or_into_several_channels(sandbox: SandboxClient, files: WebClient) -> None:
    parent = files.chat_postMessage(channel=GENERAL, text="start")["ts"]
    files.files_upload_v2(content="x", filename="a.txt", channel=GENERAL, thread_ts=parent)
    assert [bool(m.get("files")) for m in sandbox.messages(GENERAL, thread=parent)] == [False, True]
    shared = files.files_upload_v2(content="x", filename="b.txt", channels=[OPS, RELEASES])["file"]
    assert shared["channels"] == [OPS, RELEASES]
    assert [len(sandbox.messages(place)) for place in (OPS, RELEASES)] == [1, 1]


def test_without_a_channel_the_file_is_the_apps_own(sandbox: SandboxClient, files: WebClient) -> None:
    file = files.files_upload_v2(content="x", filename="a.txt")["file"]
    assert (file["is_public"], file["channels"]) == (False, [])
    assert sandbox.messages(GENERAL) == []
    assert files.files_info(file=file["id"])["content"] == "x"


def test_blocks_introduce_a_file_unless_there_is_a_comment(
    sandbox: SandboxClient, files: WebClient, http: httpx.Client
) -> None:
    blocks = json.dumps([{"type": "section", "text": {"type": "mrkdwn", "text": "*Look*"}}])
    for comment in (None, "words"):
        rows: list[dict[str, str | None]] = [{"id": uploaded(files, http), "title": "a"}]
        files.files_completeUploadExternal(
            files=rows, channel_id=GENERAL, blocks=blocks, initial_comment=comment
        )
    first, second = sandbox.messages(GENERAL)
    assert first["blocks"][0]["text"]["text"] == "*Look*"
    assert (second["text"], "blocks" in second) == ("words", False)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"length": 0}, "missing_argument"),
        ({"length": -1}, "invalid_arguments"),
        ({"length": "many"}, "invalid_arguments"),
        ({"filename": ""}, "invalid_arguments"),
        ({"length": 50_000_001}, "file_upload_size_restricted"),
        ({"alt_txt": "x" * 1001}, "alt_txt_too_large"),
        ({"snippet_type": "klingon"}, "unknown_snippet_type"),
        ({"snippet_type": "python", "length": 1_000_001}, "snippet_too_large"),
    ],
)
def test_no_address_is_given_for_what_cannot_be_uploaded(
    files: WebClient, arguments: dict[str, Any], error: str
) -> None:
    whole = {"filename": "a.txt", "length": 3} | arguments
    assert code_of(files.files_getUploadURLExternal, **whole) == error


def test_the_workspace_is_full_at_some_time(files: WebClient) -> None:
    for _ in range(10):
        reserve(files, length=50_000_000)
    assert code_of(files.files_getUploadURLExternal, filename="a", length=1) == "storage_limit_reached"


def test_uploads_nobody_finished_make_room_after_an_hour(files: WebClient, clock: MovableClock) -> None:
    for _ in range(10):
        late = reserve(files, length=50_000_000)
    clock.skip(3601)
    reserve(files, length=50_000_000)
    rows = [{"id": late["file_id"]}]
    assert code_of(files.files_completeUploadExternal, files=rows) == "file_not_found"


def test_an_upload_address_takes_exactly_what_was_announced_and_once(
    files: WebClient, http: httpx.Client
) -> None:
    url = reserve(files, length=5)["upload_url"]
    assert http.get(url).status_code == 405
    assert http.post(url, content=b"four").status_code == 400
    assert http.post(url, content=b"sixsix").status_code == 413
    assert http.post(url, content=(chunk for chunk in (b"six", b"six"))).status_code == 413
    assert http.post(url, content=b"fives").text == "OK - 5"
    assert http.post(url, content=b"again").status_code == 404
    assert http.post("/upload/v1/guessed", content=b"x").status_code == 404


@pytest.mark.parametrize("name", ["file", "filename", "body"])
def test_an_upload_may_come_as_a_form_under_any_name(files: WebClient, http: httpx.Client, name: str) -> None:
    """Slack's page calls the field `filename`, its client for JavaScript `body`."""
    step = reserve(files, length=3)
    assert http.post(step["upload_url"], files={"other": ("a", b"")}, data={name: "abc"}).status_code == 400
    assert http.post(step["upload_url"], files={name: ("a.txt", b"abc")}).text == "OK - 3"
    done = files.files_completeUploadExternal(files=[{"id": step["file_id"], "title": "A"}])
    assert http.get(done["files"][0]["url_private"], headers=bearer()).content == b"abc"


def test_completing_is_refused_before_anything_happens(
    sandbox: SandboxClient, files: WebClient, http: httpx.Client
) -> None:
    sandbox.channel(OPS, bot_is_member=False)
    sandbox.channel(RELEASES, archived=True)
    ready, empty = uploaded(files, http), reserve(files)["file_id"]
    complete = files.files_completeUploadExternal
    rows: list[dict[str, str | None]] = [{"id": ready, "title": "a"}]
    assert code_of(complete, files=[]) == "invalid_arguments"
    assert code_of(complete, files=[{"title": "a"}]) == "invalid_arguments"
    assert code_of(complete, files=[{"id": empty}]) == "file_not_found"
    assert code_of(complete, files=[*rows, {"id": "F404"}], channel_id=GENERAL) == "file_not_found"
    assert code_of(complete, files=rows, channel_id="C404") == "channel_not_found"
    assert code_of(complete, files=rows, channel_id=OPS) == "not_in_channel"
    assert code_of(complete, files=rows, channel_id=RELEASES) == "posting_to_channel_denied"
    assert code_of(complete, files=rows, channel_id=GENERAL, thread_ts="1.2") == "invalid_thread_ts"
    crowd = [f"C{number}" for number in range(101)]
    assert code_of(complete, files=rows, channels=crowd) == "channels_limit_exceeded"
    assert sandbox.messages(GENERAL) == []
    assert complete(files=rows, channel_id=GENERAL)["files"][0]["id"] == ready
    assert code_of(complete, files=rows) == "file_not_found"


def test_the_old_upload_is_gone(files: WebClient) -> None:
    assert code_of(files.api_call, api_method="files.upload", params={"content": "x"}) == "method_deprecated"


def test_each_method_needs_its_scope(sandbox: SandboxClient, slack: WebClient) -> None:
    sandbox.scopes(["files:read"])
    assert code_of(slack.files_getUploadURLExternal, filename="a", length=1) == "missing_scope"
    sandbox.scopes(["files:write"])
    assert code_of(slack.files_list) == "missing_scope"
    assert code_of(slack.files_info, file="F1") == "missing_scope"


# Reading


def test_files_are_listed_newest_first_and_filtered(
    sandbox: SandboxClient, files: WebClient, clock: MovableClock
) -> None:
    first = files.files_upload_v2(content="x", filename="a.txt", channel=GENERAL)["file"]
    clock.skip(100)
    second = files.files_upload_v2(file=PNG, filename="b.png", channel=OPS)["file"]
    third = files.files_upload_v2(content="x", filename="c.py", snippet_type="python")["file"]
    by_ada = sandbox.upload(ADA, "d.zip", b"zip", channel=GENERAL)["file"]

    def listed(**filters: Any) -> list[str]:
        return [file["id"] for file in files.files_list(**filters)["files"]]

    assert listed() == [by_ada["id"], third["id"], second["id"], first["id"]]
    assert listed(channel=OPS) == [second["id"]]
    assert listed(user=ADA) == [by_ada["id"]]
    assert listed(types="images,zips") == [by_ada["id"], second["id"]]
    assert listed(types=["snippets"]) == [third["id"]]
    assert listed(ts_to=str(first["created"] + 50)) == [first["id"]]
    assert listed(ts_from=str(first["created"] + 50)) == [by_ada["id"], third["id"], second["id"]]
    page = files.files_list(count=3, page=2)
    assert [file["id"] for file in page["files"]] == [first["id"]]
    assert page["paging"] == {"count": 3, "total": 4, "page": 2, "pages": 2}
    assert code_of(files.files_list, types="films") == "unknown_type"
    assert code_of(files.files_list, user="U404") == "user_not_found"


def test_a_file_has_the_keys_slack_documents(files: WebClient) -> None:
    file = files.files_upload_v2(file=PNG, filename="b.png", alt_txt="A box", channel=GENERAL)["file"]
    info = files.files_info(file=file["id"])
    assert info["comments"] == []
    assert info["response_metadata"]["next_cursor"] == ""
    documented = {
        *("id", "created", "timestamp", "name", "title", "mimetype", "filetype", "pretty_type", "user"),
        *("editable", "size", "mode", "is_external", "external_type", "is_public", "public_url_shared"),
        *("display_as_bot", "username", "url_private", "url_private_download", "permalink", "comments_count"),
        *("is_starred", "shares", "channels", "groups", "ims", "has_rich_preview", "alt_txt"),
    }
    assert documented <= set(info["file"])
    assert info["file"]["alt_txt"] == "A box"


def test_the_app_sees_only_files_of_its_own_places(sandbox: SandboxClient, files: WebClient) -> None:
    private = sandbox.upload(ADA, "a.txt", b"x")["file"]
    elsewhere = sandbox.upload(ADA, "b.txt", b"x", channel=OPS)["file"]
    assert code_of(files.files_info, file=private["id"]) == "file_not_found"
    assert files.files_info(file=elsewhere["id"])["file"]["user"] == ADA
    sandbox.channel(OPS, bot_is_member=False)
    assert code_of(files.files_info, file=elsewhere["id"]) == "file_not_found"


def test_a_deleted_file_leaves_a_mark_in_its_message(sandbox: SandboxClient, files: WebClient) -> None:
    file = files.files_upload_v2(content="x", filename="a.txt", channel=GENERAL)["file"]
    files.files_delete(file=file["id"])
    (message,) = sandbox.messages(GENERAL)
    assert message["files"] == [{"id": file["id"], "mode": "tombstone"}]
    assert code_of(files.files_info, file=file["id"]) == "file_deleted"
    assert code_of(files.files_delete, file=file["id"]) == "file_deleted"
    foreign = sandbox.upload(ADA, "b.txt", b"x", channel=GENERAL)["file"]
    assert code_of(files.files_delete, file=foreign["id"]) == "cant_delete_file"


# Downloads


def test_the_app_downloads_with_its_token(files: WebClient, http: httpx.Client) -> None:
    file = files.files_upload_v2(content="<script>alert(1)</script>", filename='a"\n<ü>.html')["file"]
    answer = http.get(file["url_private_download"], headers=bearer())
    assert (answer.status_code, answer.text) == (200, "<script>alert(1)</script>")
    assert answer.headers["content-disposition"].startswith("attachment; filename=")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in answer.headers["content-security-policy"]
    assert (
        http.get(file["url_private"], headers=bearer())
        .headers["content-disposition"]
        .startswith("attachment")
    )


def test_only_pictures_are_shown_where_they_stand(files: WebClient, http: httpx.Client) -> None:
    for name, where in (("a.png", "inline"), ("a.svg", "attachment"), ("a.pdf", "attachment")):
        file = files.files_upload_v2(file=PNG, filename=name)["file"]
        shown = http.get(file["url_private"], headers=bearer())
        assert shown.headers["content-disposition"].startswith(where), name
        saved = http.get(file["url_private_download"], headers=bearer())
        assert saved.headers["content-disposition"].startswith("attachment"), name


@pytest.mark.parametrize("headers", [{}, bearer("xoxb-wrong"), {"Authorization": "Basic abc"}])
def test_who_is_not_signed_in_is_sent_to_a_page(
    files: WebClient, http: httpx.Client, headers: dict[str, str]
) -> None:
    file = files.files_upload_v2(content="secret", filename="a.txt", channel=GENERAL)["file"]
    refused = http.get(file["url_private"], headers=headers)
    assert refused.status_code == 302
    assert refused.headers["location"].startswith("/?redir=%2Ffiles-pri%2F")
    followed = http.get(file["url_private"], headers=headers, follow_redirects=True)
    assert (followed.status_code, "secret" in followed.text) == (200, False)
    assert followed.headers["content-type"].startswith("text/html")


def test_a_token_without_files_read_is_not_signed_in(
    sandbox: SandboxClient, files: WebClient, http: httpx.Client
) -> None:
    file = files.files_upload_v2(content="secret", filename="a.txt", channel=GENERAL)["file"]
    sandbox.scopes(["files:write"])
    assert http.get(file["url_private"], headers=bearer()).status_code == 302


def test_people_download_what_they_see(sandbox: SandboxClient, files: WebClient, http: httpx.Client) -> None:
    file = files.files_upload_v2(content="x", filename="a.txt", channel=OPS)["file"]
    assert http.get(file["url_private"], params={"viewer": ADA}).text == "x"
    assert http.get(file["url_private"], params={"viewer": GUS}).status_code == 302
    cross = http.get(file["url_private"], params={"viewer": ADA}, headers={"Sec-Fetch-Site": "cross-site"})
    assert cross.status_code == 302


def test_a_file_that_is_not_there_is_not_found(files: WebClient, http: httpx.Client) -> None:
    assert http.get("/files-pri/T0001-F404/a.txt", headers=bearer()).status_code == 404
    assert http.get("/files-pri/T9-F404/a.txt", headers=bearer()).status_code == 404
    assert http.get("/files-pri/T0001-..%2F..%2Fetc/passwd", headers=bearer()).status_code == 404


# What people upload


def test_a_person_posts_a_file(sandbox: SandboxClient, files: WebClient, http: httpx.Client) -> None:
    posted = sandbox.upload(ADA, "a.txt", b"hello", channel=GENERAL, text="see @bob")
    (message,) = sandbox.messages(GENERAL)
    assert (message["ts"], message["user"]) == (posted["ts"], ADA)
    assert message["text"].startswith("see <@U0BOB")
    assert http.get(message["files"][0]["url_private"], headers=bearer()).content == b"hello"


def test_an_upload_from_another_site_is_refused(sandbox: SandboxClient, http: httpx.Client) -> None:
    form = {"data": {"user": ADA}, "files": {"files": ("a.txt", b"x")}}
    refused = http.post("/control/upload", **form, headers={"Origin": "https://evil.example"})  # type: ignore[arg-type]
    assert (refused.status_code, refused.json()["error"]) == (403, "cross_site")
    assert http.post("/control/upload", data={"user": ADA}, files={"x": ("", b"")}).status_code == 400
    nobody = http.post("/control/upload", data={"user": "U404"}, files={"files": ("a.txt", b"x")})
    assert nobody.json()["error"] == "user_not_found"


def file_form() -> dict[str, Any]:
    element = {"type": "file_input", "action_id": "pick", "max_files": 2}
    label = {"type": "plain_text", "text": "File"}
    return modal({"type": "input", "block_id": "file", "label": label, "element": element})


def test_the_app_downloads_what_was_chosen_in_its_form(
    sandbox: SandboxClient, files: WebClient, http: httpx.Client, app: FakeApp
) -> None:
    sandbox.command(ADA, "/workflow run")
    view = files.views_open(trigger_id=app.last("command")["trigger_id"], view=file_form())["view"]
    file = sandbox.upload(ADA, "plan.pdf", b"%PDF-1.4")["file"]
    assert code_of(files.files_info, file=file["id"]) == "file_not_found"
    sandbox.submit(ADA, view, {"file": [file["id"]]})
    (given,) = app.last("view_submission")["view"]["state"]["values"]["file"]["pick"]["files"]
    assert given["id"] == file["id"]
    assert http.get(given["url_private_download"], headers=bearer()).content == b"%PDF-1.4"
    assert files.files_info(file=given["id"])["file"]["name"] == "plan.pdf"


def test_nobody_hands_in_another_persons_file(sandbox: SandboxClient, files: WebClient, app: FakeApp) -> None:
    sandbox.command(ADA, "/workflow run")
    view = files.views_open(trigger_id=app.last("command")["trigger_id"], view=file_form())["view"]
    file = sandbox.upload(BOB, "plan.pdf", b"%PDF-1.4")["file"]
    refused = sandbox.submit(ADA, view, {"file": [file["id"]]}, check=False)
    assert refused["error"] == "file_not_found"


# What the Events API tells


def test_an_app_hears_what_becomes_of_a_file() -> None:
    desk = Desk()
    upload = desk.sandbox.files.reserve("U0BOT", "a.txt", 1)
    desk.sandbox.files.receive(upload, b"x")
    rows = [{"id": upload.file.id}]
    desk.call("files.completeUploadExternal", files=rows, channel_id=GENERAL)
    kinds = [each.event["type"] for each in desk.events]
    assert kinds == ["file_created", "file_public", "file_shared", "message"]
    named = {"file_id": upload.file.id, "file": {"id": upload.file.id}, "user_id": "U0BOT"}
    assert desk.heard("file_shared") == [{"type": "file_shared", "channel_id": GENERAL, **named}]
    assert desk.heard("message")[0]["subtype"] == "file_share"
    (message,) = desk.workspace.messages(GENERAL)
    desk.call("chat.delete", channel=GENERAL, ts=message.ts)
    assert desk.heard("file_unshared") == [{"type": "file_unshared", **named}]
    assert desk.call("files.info", file=upload.file.id)["file"]["channels"] == []
    desk.call("files.delete", file=upload.file.id)
    assert desk.heard("file_deleted") == [{"type": "file_deleted", "file_id": upload.file.id}]


def test_a_persons_token_reaches_what_the_person_sees() -> None:
    desk = Desk()
    store = desk.sandbox.files
    own, other = store.add(ADA, "a.txt", b"x"), store.add(BOB, "b.txt", b"x")
    assert desk.call("files.info", ADA, file=own.id)["content"] == "x"
    assert desk.refusal("files.info", ADA, file=other.id) == "file_not_found"
    upload = store.reserve(BOB, "c.txt", 1)
    store.receive(upload, b"x")
    rows = [{"id": upload.file.id}]
    assert desk.refusal("files.completeUploadExternal", ADA, files=rows) == "access_denied"


# Keeping


def test_file_ids_never_become_paths(tmp_path: Path) -> None:
    contents = FolderContents(tmp_path / "files")
    contents.put("F0A", b"x")
    contents.keep_only({"F0A"})
    assert contents.get("F0A") == b"x"
    contents.keep_only(set())
    assert contents.get("F0A") is None
    assert re.fullmatch(r"F0[A-Z0-9]{9}", "F0ABCDEFGHI")


def test_bytes_leave_the_disk_when_nothing_is_to_be_kept_any_more(tmp_path: Path) -> None:
    desk = Desk()
    store = desk.sandbox.files
    early = store.add(ADA, "early.txt", b"early")
    store.keep_in(tmp_path)
    late = store.add(ADA, "late.txt", b"late")
    assert {path.name for path in tmp_path.iterdir()} == {early.id, late.id}
    store.keep_in(None)
    assert list(tmp_path.iterdir()) == []
    assert (store.content(early), store.content(late)) == (b"early", b"late")
