"""What the control API consists of, told by itself: GET /control/ lists every address with its fields."""

from collections.abc import Iterable
from dataclasses import dataclass

from starlette.requests import Request

from sandbox.control_fields import DESCRIPTIONS, Described
from sandbox.errors import ControlError
from sandbox.types import Json

UNDESCRIBED = Described("")


@dataclass(frozen=True)
class Address:
    """One address: `verb` is GET, whose fields are in the query, or POST, whose fields are a JSON object."""

    verb: str
    path: str
    described: Described

    def told(self) -> Json:
        fields = [field.told() for field in self.described.fields]
        return {"method": self.verb, "path": self.path, "about": self.described.about, "fields": fields}


class Index:
    """All addresses, by verb and path."""

    def __init__(self, posts: Iterable[str], gets: Iterable[str]) -> None:
        known = [*(("GET", path) for path in gets), *(("POST", path) for path in posts)]
        self._addresses = [
            Address(verb, f"/control/{path}", DESCRIPTIONS.get(f"{verb} {path}", UNDESCRIBED))
            for verb, path in sorted(known, key=lambda pair: (pair[1], pair[0]))
        ]

    async def question(self, request: Request) -> Json:
        return {"ok": True, "addresses": [address.told() for address in self._addresses]}

    async def refuse(self, request: Request) -> Json:
        """Say what is wrong with a request that no address took."""
        path = f"/control/{request.path_params['rest']}"
        verbs = [address.verb for address in self._addresses if address.path == path]
        if verbs:
            sentence = f"{path} takes {' and '.join(verbs)}, not {request.method}."
            raise ControlError("wrong_http_method", sentence, 405)
        raise ControlError("unknown_path", f"There is no {path}; GET /control/ lists what there is.", 404)
