"""`handrail` in a terminal, as people type it: real processes, a real terminal where one is needed."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import termios
import threading
from pathlib import Path

import pytest
from sqlalchemy import text

from store.database import Database
from tests.support.stack import wait_until

WORKFLOWS = Path(__file__).parent / "workflows"
HANDRAIL = [sys.executable, "-m", "bot.cli"]


def environment(home: Path, workflows: Path = WORKFLOWS) -> dict[str, str]:
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith(("SLACK_", "HANDRAIL_"))},
        "HANDRAIL_HOME": str(home),
        "HANDRAIL_WORKFLOWS": str(workflows),
        "TERM": "xterm",
    }


def handrail(home: Path, *words: str, workflows: Path = WORKFLOWS) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*HANDRAIL, *words],
        env=environment(home, workflows),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


class Terminal:
    """A command under a terminal of its own: what it shows, and a keyboard."""

    def __init__(self, home: Path, *words: str) -> None:
        self._keys, screen = pty.openpty()
        self._shown: list[str] = []
        self._is_closed = threading.Event()
        self.process = subprocess.Popen(
            [*HANDRAIL, *words],
            env=environment(home),
            stdin=screen,
            stdout=screen,
            stderr=screen,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        os.close(screen)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def shown(self) -> str:
        return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", "".join(self._shown))

    def wait_for(self, text: str) -> None:
        wait_until(lambda: text in self.shown, 30, lambda: self.shown)

    def type(self, line: str) -> None:
        os.write(self._keys, f"{line}\n".encode())

    def press_ctrl_d(self) -> None:
        os.write(self._keys, b"\x04")

    def hang_up(self) -> None:
        """As when its window is closed: nobody reads any more what is shown."""
        self._is_closed.set()
        self._reader.join(5)
        os.close(self._keys)

    def end(self) -> int:
        code = self.process.wait(30)
        self._reader.join(5)
        os.close(self._keys)
        return code

    def _read(self) -> None:
        while not self._is_closed.is_set():
            if not select.select([self._keys], [], [], 0.1)[0]:
                continue
            try:
                data = os.read(self._keys, 4096)
            except OSError:  # Linux's way to say that nobody writes to this terminal any more
                return
            if not data:
                return
            self._shown.append(data.decode(errors="replace"))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def test_a_run_asks_for_its_approval_here_and_shows_its_results(home: Path) -> None:
    terminal = Terminal(home, "run", "greet", "who=World", "times=2")

    terminal.wait_for("Wave at World?")
    terminal.type("yes")
    terminal.wait_for("Comment")
    terminal.type("go on")

    assert terminal.end() == 0, terminal.shown
    assert "Completed" in terminal.shown
    assert '"greeted": true' in terminal.shown


def test_a_rejection_ends_with_an_exit_code_of_its_own(home: Path) -> None:
    terminal = Terminal(home, "run", "greet", "who=World")

    terminal.wait_for("Wave at World?")
    terminal.type("no")
    terminal.wait_for("Comment")
    terminal.type("")

    assert terminal.end() == 1
    assert "Rejected" in terminal.shown


def test_ctrl_c_cancels_the_run_and_its_step(home: Path, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    terminal = Terminal(home, "run", "linger", f"mark={mark}")
    wait_until(lambda: mark.exists())

    terminal.process.send_signal(signal.SIGINT)

    assert terminal.end() == 1
    assert "Cancelled" in terminal.shown
    pid = int((tmp_path / "mark.pid").read_text())
    wait_until(lambda: not Path(f"/proc/{pid}").exists())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_other_signals_cancel_the_run_too(home: Path, tmp_path: Path, number: signal.Signals) -> None:
    terminal = Terminal(home, "run", "linger", f"mark={tmp_path / 'mark'}")
    wait_until(lambda: (tmp_path / "mark").exists())

    terminal.process.send_signal(number)

    assert terminal.end() == 1
    assert run_of(home, 1) == ("cancelled", None)


def test_closing_the_terminal_cancels_its_run(home: Path) -> None:
    terminal = Terminal(home, "run", "greet", "who=World")
    terminal.wait_for("Wave at World?")

    terminal.hang_up()

    assert terminal.process.wait(30) == 1
    assert run_of(home, 1) == ("cancelled", None)


def test_the_end_of_the_input_cancels_the_run(home: Path) -> None:
    terminal = Terminal(home, "run", "greet", "who=World")
    terminal.wait_for("Wave at World?")

    terminal.press_ctrl_d()

    assert terminal.end() == 1
    assert "Cancelled" in terminal.shown
    assert "Traceback" not in terminal.shown


def test_a_run_whose_terminal_was_killed_is_ended_by_the_next_one(home: Path) -> None:
    terminal = Terminal(home, "run", "greet", "who=World")
    terminal.wait_for("Wave at World?")
    terminal.process.kill()
    terminal.end()
    database = Database(f"sqlite:///{home / 'handrail.db'}")
    with database.write() as c:
        c.execute(text("UPDATE lease SET until = 1"))

    next_one = Terminal(home, "run", "greet", "who=World")
    next_one.wait_for("Wave at World?")
    wait_until(lambda: run_of(home, 1)[0] == "error", 30)
    next_one.press_ctrl_d()
    next_one.end()

    assert "The terminal in which this run was started is gone" in str(run_of(home, 1)[1])
    with database.read() as c:
        assert c.execute(text("SELECT count(*) FROM lease")).scalar_one() == 0
    database.dispose()


def test_a_workflow_that_asks_two_people_is_refused_at_a_terminal(home: Path, tmp_path: Path) -> None:
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows" / "two.yml").write_text(TWO_APPROVERS)

    ended = handrail(home, "run", "two", workflows=tmp_path / "flows")

    assert ended.returncode == 1
    assert "'Both' asks for 2 people's approval, and at a terminal there is only one" in ended.stderr
    assert not (tmp_path / "began").exists()


TWO_APPROVERS = """
name: two
title: Two people
steps:
  first: {run: touch ../began}
  both: {title: Both, needs: [first], approval: {title: Really?, approvers: {users: [U0BOB, U0CYD]}, required: 2}}
"""


def run_of(home: Path, number: int) -> tuple[str, str | None]:
    """A run's status and error."""
    database = Database(f"sqlite:///{home / 'handrail.db'}")
    with database.read() as c:
        row = c.execute(text("SELECT status, error FROM run WHERE number = :n"), {"n": number}).one()
    database.dispose()
    return row.status, row.error


def test_without_a_terminal_an_approval_cancels_the_run(home: Path) -> None:
    ended = handrail(home, "run", "greet", "who=World")

    assert ended.returncode == 1
    assert "nobody is at this terminal" in ended.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["run", "gret"], "There is no workflow named 'gret'"),
        (["run", "greet"], "who"),
        (["run", "greet", "World"], "'World' is no parameter. Write name=value."),
        (["run", "greet", "who=R2D2"], "who"),
        (["run", "greet", "who=World", "colour=red"], "colour"),
        (["validate", "nowhere.yml"], "There is no nowhere.yml"),
        (["up"], "SLACK_BOT_TOKEN"),
    ],
)
def test_a_mistake_is_said_in_a_sentence_and_nothing_is_started(
    home: Path, words: list[str], said: str
) -> None:
    ended = handrail(home, *words)

    assert ended.returncode == 1
    assert said in ended.stderr
    assert "Traceback" not in ended.stderr


def test_validate_names_every_mistake_with_its_place(home: Path, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.yml"
    wrong.write_text("name: wrong\nstepz: {}\nsteps:\n  a: {run: 'echo {{ params.x }}'}\n")

    ended = handrail(home, "validate", str(wrong))

    assert ended.returncode == 1
    assert f"{wrong}:2:1: " in ended.stdout
    assert "Did you mean" in ended.stdout
    assert f"{wrong}:4:" in ended.stdout


def test_validate_is_content_with_good_files(home: Path) -> None:
    ended = handrail(home, "validate", str(WORKFLOWS))

    assert (ended.returncode, ended.stderr) == (0, "")
    assert "no mistakes" in ended.stdout


def test_the_schema_is_printed_for_editors(home: Path) -> None:
    assert json.loads(handrail(home, "schema").stdout)["$schema"].startswith("https://json-schema.org/")


def test_help_lists_every_command(home: Path) -> None:
    shown = handrail(home, "--help").stdout

    for command in ("sandbox", "up", "web", "worker", "run", "validate", "schema", "migrate"):
        assert f" {command} " in shown


def test_a_run_asks_for_values_prints_what_steps_say_and_follows_child_runs(home: Path) -> None:
    terminal = Terminal(home, "run", "talking")

    terminal.wait_for("How far do we go?")
    terminal.type("500")
    terminal.wait_for("must lie between 1 and 100")
    terminal.type("30")

    assert terminal.end() == 0, terminal.shown
    assert "To #releases: We go to 30." in terminal.shown
    assert "Greet quickly #2" in terminal.shown
    assert '"percent": 30' in terminal.shown


def test_a_rehearsal_in_the_terminal_does_nothing(home: Path, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    ended = handrail(home, "run", "mended", "--dry-run", f"mark={mark}")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "Rehearsal: Fail until it is mended #1" in ended.stdout
    assert not mark.exists()


def test_a_second_ctrl_c_leaves_out_the_final_steps(home: Path, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    terminal = Terminal(home, "run", "stubborn", f"mark={mark}")
    wait_until(lambda: mark.exists(), 30, lambda: terminal.shown)
    terminal.process.send_signal(signal.SIGINT)
    wait_until(lambda: "tidy" in mark.read_text(), 30, lambda: terminal.shown)
    terminal.process.send_signal(signal.SIGINT)
    terminal.wait_for("Stopping by force")
    assert terminal.end() == 1
    assert "Cancelled" in terminal.shown
