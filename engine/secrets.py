"""Secrets that workflows declare by name, and where a worker finds their values."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from engine.masking import SHORTEST_DECLARED

VARIABLE_PREFIX = "HANDRAIL_SECRET_"
LARGEST_SECRET = 64 * 1024

OWN_VARIABLE = "HANDRAIL_SECRET_KEY"
"""Handrail's own key, which no workflow can have."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}", re.ASCII)


class SecretProblem(Exception):
    """A secret that cannot be had; the text is a sentence for people."""


def variable_of(name: str) -> str:
    """deploy_token is HANDRAIL_SECRET_DEPLOY_TOKEN."""
    return VARIABLE_PREFIX + name.upper().replace("-", "_")


def is_secret_variable(variable: str) -> bool:
    """Whether an environment variable says something about the secrets of workflows, which only workers need."""
    return variable == "HANDRAIL_SECRETS" or (
        variable.startswith(VARIABLE_PREFIX) and variable != OWN_VARIABLE
    )


@dataclass(frozen=True, slots=True)
class Secrets:
    """Values from the worker's environment, else from files of one folder.

    Who may read such a file is not looked at: where a cluster or a container mounts secrets, everybody in there
    may, and links lead to them.
    """

    environment: Mapping[str, str] = field(default_factory=dict)
    folder: Path | None = None

    def look_up(self, name: str) -> str:
        """The value of a declared secret. Raises SecretProblem."""
        variable = variable_of(name)
        if not _NAME.fullmatch(name) or variable == OWN_VARIABLE:
            raise SecretProblem(f"No secret can have the name '{name[:80]}'. Choose another one.")
        value = self.environment.get(variable) or self._from_file(name)
        if value is None:
            place = "the folder HANDRAIL_SECRETS" if self.folder is None else str(self.folder)
            raise SecretProblem(
                f"The secret '{name}' is not there on this worker. Set {variable}, or put a file named {name} "
                f"into {place}."
            )
        if len(value) < SHORTEST_DECLARED:
            raise SecretProblem(
                f"The secret '{name}' has fewer than {SHORTEST_DECLARED} characters, too few to be hidden in what "
                "people see. Choose a longer one."
            )
        return value

    def known(self, names: Iterable[str]) -> list[str]:
        """The values of those that are there: the others are no matter of whoever only masks them."""
        found = []
        for name in names:
            with suppress(SecretProblem):
                found.append(self.look_up(name))
        return found

    def _from_file(self, name: str) -> str | None:
        if self.folder is None:
            return None
        try:
            data = _read(self.folder / name)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise SecretProblem(
                f"The file of the secret '{name}' could not be read: {error.strerror}."
            ) from None
        if len(data) > LARGEST_SECRET:
            raise SecretProblem(f"The file of the secret '{name}' is larger than 64 KiB.")
        try:
            return data.decode().removesuffix("\n").removesuffix("\r")
        except UnicodeDecodeError:
            raise SecretProblem(
                f"The file of the secret '{name}' is not text in UTF-8. Keep it as base64, and decode it "
                "in the step."
            ) from None


def _read(path: Path) -> bytes:
    """At most one byte more than a secret may have. OSError when it is no ordinary file."""
    number = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(number, "rb") as file:
        if not stat.S_ISREG(os.fstat(number).st_mode):
            raise OSError(0, "it is not an ordinary file")
        return file.read(LARGEST_SECRET + 1)
