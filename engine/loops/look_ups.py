"""Finds out the options that open forms wait for: when the bell rings, and by looking each second."""

from __future__ import annotations

import logging
import secrets
import threading
from dataclasses import dataclass, field

from engine.advance import Engine
from engine.core.definition import Parameter, Workflow
from engine.core.errors import InvalidWorkflow, Problem
from engine.core.options import Option
from engine.look_ups import NoOptions, Tools, find_options
from store import look_ups
from store.look_ups import LookUpClaim

logger = logging.getLogger("handrail.look_ups")

NOT_KEPT = "the workflow was changed meanwhile; close the form and open it again"


@dataclass(slots=True)
class LookUps:
    """`slots` bounds how many are found out at once. Nothing is lost when a process dies over one: another worker
    begins again, or whoever waits asks again."""

    engine: Engine
    tools: Tools
    name: str = "look-ups"
    every_seconds: float = 1.0
    slots: int = 4
    _busy: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def tick(self) -> None:
        with self.engine.database.read() as c:
            waiting = look_ups.waiting_count(c)
        if waiting:
            self.nudge()

    def nudge(self) -> None:
        """Look now, if a slot is free. Returns at once; called for each bell."""
        with self._lock:
            if self._busy >= self.slots:
                return
            self._busy += 1
        threading.Thread(target=self._work_in_slot, name="look-up", daemon=True).start()

    def _work_in_slot(self) -> None:
        try:
            while (claim := self._claim()) is not None:
                self.nudge()  # where one was waiting there may be more
                self._answer(claim)
        except Problem as problem:
            logger.warning("look_up_postponed problem=%s", problem)  # the next look finds what still waits
        except Exception:
            logger.exception("look_up_broke")
        finally:
            with self._lock:
                self._busy -= 1

    def _claim(self) -> LookUpClaim | None:
        with self.engine.database.read() as c:  # a bell seldom rings for us: it must not cost a write
            if not look_ups.waiting_count(c):
                return None
        with self.engine.database.write() as c:
            return look_ups.claim_next(c)

    def _answer(self, claim: LookUpClaim) -> None:
        options, error = self._find(claim)
        with self.engine.database.write() as c:
            look_ups.answer(c, claim, options, error)
        self.engine.hint(claim.id)

    def _find(self, claim: LookUpClaim) -> tuple[tuple[Option, ...] | None, str | None]:
        """The options, or why there are none."""
        try:
            workflow, parameter = self._asked(claim)
            return find_options(self.tools, workflow, parameter, claim.inputs, claim.id), None
        except NoOptions as problem:
            return None, str(problem)
        except Exception:
            error_id = secrets.token_hex(4)
            logger.exception("look_up_failed id=%s parameter=%s", error_id, claim.parameter)
            return None, f"something unforeseen happened; the log of the worker says more: {error_id}"

    def _asked(self, claim: LookUpClaim) -> tuple[Workflow, Parameter]:
        if claim.folder is None:
            raise NoOptions(NOT_KEPT)
        try:
            with self.engine.database.read() as c:
                workflow = self.engine.versions.load(c, claim.workflow_digest, claim.folder)
        except InvalidWorkflow:
            raise NoOptions(NOT_KEPT) from None
        return workflow, next(each for each in workflow.parameters if each.name == claim.parameter)
