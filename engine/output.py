"""What a step writes, read while it runs: plain text, masked, bounded, handed on in small batches.

One thread reads stdout and stderr, so that both keep one order. Every half second it hands on what it has;
meanwhile nobody reads, the pipes fill, and a step that writes too fast waits. Memory stays bounded whatever a
step writes: of each stream the beginning is handed on live, the end is kept aside until the step has ended,
and what lies between is counted and left out.
"""

from __future__ import annotations

import logging
import os
import select
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from engine.core.log import LogChunk, StreamName
from engine.masking import Mask
from engine.terminal_text import TerminalText

logger = logging.getLogger(__name__)

Keep = Callable[[Sequence[LogChunk]], None]
"""Keeps a batch of chunks. When it raises, the batch comes again with the next one."""

_READ_SIZE = 64 * 1024
_LONGEST_CHUNK = 32 * 1024
_LONGEST_SECRET_PART = 4096
_LAST_PATIENCE_SECONDS = 60.0
"""How long the end of a step's output waits for a database that is away; its outcome waits longer."""
_STREAMS: tuple[StreamName, ...] = ("stdout", "stderr")


@dataclass(frozen=True, slots=True)
class OutputLimits:
    """`head_bytes` and `tail_bytes` are kept of each stream; `result_bytes` of stdout's end are looked at for
    a result. `linger_seconds`: how long a pipe may stay open after the step's end."""

    head_bytes: int = 1024 * 1024
    tail_bytes: int = 1024 * 1024
    result_bytes: int = 256 * 1024
    batch_seconds: float = 0.5
    linger_seconds: float = 5.0


class Output:
    """The output of one attempt. `open` gives the pipes for a child, `close` ends the reading."""

    def __init__(self, keep: Keep, mask: Mask | None = None, limits: OutputLimits | None = None) -> None:
        self._limits = limits or OutputLimits()
        self._batch = _Batch(keep)
        self.mask_with(mask or Mask())
        self._result_tail = _Tail(self._limits.result_bytes)
        self._deadline: float | None = None
        self._thread: threading.Thread | None = None

    def mask_with(self, mask: Mask) -> None:
        """What is masked; for use before `open`."""
        self._streams = {name: _Stream(name, mask, self._limits, self._batch.add) for name in _STREAMS}

    def open(self) -> tuple[int, int]:
        """Start reading. Gives the write ends of stdout and stderr; the caller closes them once a child has
        them."""
        pipes = {name: os.pipe() for name in _STREAMS}
        readers = {pipes[name][0]: name for name in _STREAMS}
        self._thread = threading.Thread(target=self._read, args=(readers,), name="step-output", daemon=True)
        self._thread.start()
        return pipes["stdout"][1], pipes["stderr"][1]

    def note(self, sentence: str) -> None:
        """Add a line of our own below what the step wrote; for use before `open` or after `close`."""
        self._batch.add("stderr", f"[{sentence}]\n")
        self._hand_on_last()

    def close(self) -> None:
        """The child has ended: take what is still in the pipes, and hand everything on."""
        if self._thread is None:
            return
        self._deadline = time.monotonic() + self._limits.linger_seconds
        self._thread.join()
        self._thread = None
        for stream in self._streams.values():
            stream.finish()
        self._hand_on_last()

    def last_line(self) -> str | None:
        """The last line of stdout that is not blank, as the step wrote it (not masked); None when there is
        none or when it is too long. For use after `close`."""
        data = self._result_tail.data().rstrip()
        _, newline, line = data.rpartition(b"\n")
        if not line or (not newline and self._result_tail.left_out):
            return None
        return line.strip().decode("utf-8", "replace")

    def _read(self, readers: dict[int, StreamName]) -> None:
        poll = select.poll()
        for reader in readers:
            poll.register(reader, select.POLLIN)
        try:
            while readers and not self._is_overdue():
                for reader, _ in poll.poll(self._poll_milliseconds()):
                    if not self._take(readers[reader], os.read(reader, _READ_SIZE)):
                        poll.unregister(reader)
                        os.close(reader)
                        del readers[reader]
                if self._batch.age() >= self._limits.batch_seconds:
                    self._hand_on()
        finally:
            if readers:
                self._batch.add(
                    "stderr", "[Something this step started keeps its output open: not waited for.]\n"
                )
            for reader in readers:
                os.close(reader)

    def _is_overdue(self) -> bool:
        return self._deadline is not None and time.monotonic() > self._deadline

    def _poll_milliseconds(self) -> float:
        return max(1.0, (self._limits.batch_seconds - self._batch.age()) * 1000)

    def _take(self, name: StreamName, data: bytes) -> bool:
        """Take in what was read; False at the end of the stream."""
        if not data:
            return False
        self._streams[name].take(data)
        self._batch.touch()
        if name == "stdout":
            self._result_tail.push(data)
        return True

    def _hand_on_last(self) -> None:
        give_up_at = time.monotonic() + _LAST_PATIENCE_SECONDS
        while not self._batch.hand_on() and time.monotonic() < give_up_at:
            time.sleep(self._limits.batch_seconds)

    def _hand_on(self) -> None:
        for stream in self._streams.values():
            stream.settle()
        self._batch.hand_on()


class _Batch:
    """Chunks that wait to be handed on. A failing keeper makes it wait, not grow: the streams are bounded."""

    def __init__(self, keep: Keep) -> None:
        self._keep = keep
        self._waiting: list[LogChunk] = []
        self._last_seq = 0
        self._handed_seq = 0
        self._since: float | None = None

    def age(self) -> float:
        """Seconds since something came that was not handed on; 0 when there is nothing."""
        return time.monotonic() - self._since if self._since is not None else 0.0

    def touch(self) -> None:
        """Something came."""
        if self._since is None:
            self._since = time.monotonic()

    def add(self, stream: StreamName, text: str) -> None:
        """Append text, to the last chunk when it is of the same stream and short."""
        while text:
            last = self._waiting[-1] if self._waiting else None
            if last is not None and self._may_grow(last, stream):
                room = _LONGEST_CHUNK - len(last.text)
                self._waiting[-1] = LogChunk(last.seq, stream, last.at, last.text + text[:room])
            else:
                room = _LONGEST_CHUNK
                self._last_seq += 1
                self._waiting.append(LogChunk(self._last_seq, stream, _now_ms(), text[:room]))
            text = text[room:]

    def _may_grow(self, last: LogChunk, stream: StreamName) -> bool:
        """A chunk that was handed on once may be kept although the answer was lost: it stays as it is."""
        return last.stream == stream and len(last.text) < _LONGEST_CHUNK and last.seq > self._handed_seq

    def hand_on(self) -> bool:
        """Hand on what waits; False when it could not be kept and waits on."""
        self._since = None
        if not self._waiting:
            return True
        self._handed_seq = self._last_seq
        # Whatever goes wrong in there must end neither the reading nor the step.
        try:
            self._keep(tuple(self._waiting))
        except Exception:
            logger.exception("output.not_kept chunks=%d", len(self._waiting))
            self.touch()
            return False
        self._waiting.clear()
        return True


class _Stream:
    """One stream: its beginning goes on at once, its end when it is finished."""

    def __init__(
        self, name: StreamName, mask: Mask, limits: OutputLimits, give: Callable[[StreamName, str], None]
    ) -> None:
        self._name = name
        self._mask = mask
        self._give = give
        self._room = limits.head_bytes
        self._tail = _Tail(limits.tail_bytes)
        self._text = TerminalText()
        self._masked = mask.stream()

    def take(self, data: bytes) -> None:
        head = data[: self._room]
        self._room -= len(head)
        if head:
            self._give(self._name, self._masked.feed(self._text.feed(head)))
        self._tail.push(data[len(head) :])

    def settle(self) -> None:
        """Give out the unfinished line too."""
        self._give(self._name, self._masked.feed(self._text.settle()))

    def finish(self) -> None:
        tail = self._tail.data()
        if self._tail.left_out:
            tail, cut = _without_broken_line(tail)
            self._give(self._name, self._masked.feed(self._text.flush()))
            self._masked.discard()
            self._give(self._name, f"\n[{_size(self._tail.left_out + cut)} of {self._name} left out]\n")
            self._text = TerminalText()
            self._masked = self._mask.stream()
        self._give(self._name, self._masked.feed(self._text.feed(tail)))
        self._give(self._name, self._masked.feed(self._text.flush()))
        self._give(self._name, self._masked.flush())


class _Tail:
    """The last bytes of a stream, in memory."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._data = bytearray()
        self._total = 0

    @property
    def left_out(self) -> int:
        """How many bytes came before those that are kept."""
        return max(0, self._total - self._limit)

    def push(self, data: bytes) -> None:
        self._total += len(data)
        self._data += data
        if len(self._data) > 2 * self._limit:  # seldom, so that a long stream is not moved about all the time
            del self._data[: -self._limit]

    def data(self) -> bytes:
        return bytes(self._data[-self._limit :])


def _without_broken_line(tail: bytes) -> tuple[bytes, int]:
    """The tail without its first, cut line (which may begin amid a secret), and how many bytes that took."""
    newline = tail.find(b"\n", 0, _LONGEST_SECRET_PART)
    cut = newline + 1 if newline >= 0 else min(_LONGEST_SECRET_PART, len(tail))
    return tail[cut:], cut


def _size(count: int) -> str:
    """A number of bytes for people."""
    if count < 1024:
        return f"{count} bytes"
    if count < 1024 * 1024:
        return f"{count / 1024:.1f} KiB"
    return f"{count / (1024 * 1024):.1f} MiB"


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
