"""Where the browser tests get their browser from."""

import shutil

import pytest

from tests.support import browser_setup


def test_a_browser_that_is_there_is_used_in_silence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: f"/opt/{name}")
    browser_setup.main()
    assert browser_setup.find_browser() == "/opt/chromium"
    assert capsys.readouterr().out == ""


def test_when_none_can_be_had_one_sentence_says_how_to_get_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for attempt in ("_install_package", "_download"):
        monkeypatch.setattr(browser_setup, attempt, lambda: False)
    monkeypatch.setattr(browser_setup, "find_browser", lambda: None)
    browser_setup.main()
    assert capsys.readouterr().out.splitlines()[-1] == browser_setup.HOW_TO_GET_ONE
