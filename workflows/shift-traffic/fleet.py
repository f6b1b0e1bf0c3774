"""A service of which two versions run, and the balancer in front of them, in one small process.

GET  /                a visit; the new version gets its share of them
PUT  /canary/<share>  give the new version that many percent of the visits, and say how it goes: 503 until enough
                      visits were seen, then 200, or 409 when too many failed
GET  /metrics         requests and errors of both versions so far
POST /stop            ends the fleet

It listens on the loopback interface only. It ends by itself when a share goes badly, and after two minutes.
"""

import json
import os
import re
import threading
from dataclasses import asdict, dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

LONGEST_LIFE_SECONDS = 120
ENOUGH_VISITS = 100
BROKEN_EVERY = 4


@dataclass
class Count:
    requests: int = 0
    errors: int = 0

    @property
    def error_percent(self) -> float:
        return round(100 * self.errors / self.requests, 1) if self.requests else 0.0


@dataclass
class Balancer:
    """Who gets a visit, and what became of it. `watched` counts the new version since its share changed."""

    share: int
    limit: float
    is_broken: bool
    old: Count = field(default_factory=Count)
    new: Count = field(default_factory=Count)
    watched: Count = field(default_factory=Count)
    visits: int = 0

    def visit(self) -> bool:
        """Whether it went well."""
        self.visits += 1
        if self.visits * self.share % 100 >= self.share:
            self.old.requests += 1
            return True
        fails = self.is_broken and self.new.requests % BROKEN_EVERY == 0
        for count in (self.new, self.watched):
            count.requests += 1
            count.errors += fails
        return not fails

    def shift(self, share: int) -> tuple[int, dict[str, object]]:
        """A status and what there is to say. Asking again changes nothing, so the question may be repeated."""
        if share != self.share:
            self.share, self.visits, self.watched = share, 0, Count()
        state = {"share": share, "visits": self.visits, **asdict(self.watched)}
        if self.visits < ENOUGH_VISITS:
            return 503, state
        percent = self.watched.error_percent
        return (409 if percent > self.limit else 200), {**state, "error_percent": percent}

    def metrics(self) -> dict[str, object]:
        return {"share": self.share, "old": asdict(self.old), "new": asdict(self.new)}


class Fleet(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, port: int, balancer: Balancer) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.balancer = balancer
        self.lock = threading.Lock()

    def stop_soon(self) -> None:
        """End `serve_forever`, from a thread of its own: it waits for the loop that calls the handlers."""
        threading.Thread(target=self.shutdown, daemon=True).start()


class Handler(BaseHTTPRequestHandler):
    server: Fleet
    timeout = 10
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        with self.server.lock:
            if self.path == "/metrics":
                status, content = 200, self.server.balancer.metrics()
            elif self.path == "/":
                went_well = self.server.balancer.visit()
                status, content = (200 if went_well else 500), {"ok": went_well}
            else:
                status, content = 404, {"error": "there is nothing here"}
        self.answer(status, content)

    def do_PUT(self) -> None:
        asked = re.fullmatch(r"/canary/(100|[1-9]?[0-9])", self.path)
        if asked is None:
            self.answer(404, {"error": "a share is a whole number from 0 to 100"})
            return
        with self.server.lock:
            status, content = self.server.balancer.shift(int(asked[1]))
        print(f"{asked[1]} %: {status} {json.dumps(content)}", flush=True)  # stdout is the step's log
        self.answer(status, content)
        if status == 409:
            self.server.stop_soon()

    def do_POST(self) -> None:
        if self.path != "/stop":
            self.answer(404, {"error": "there is nothing to post to here"})
            return
        self.answer(202, {"stopping": True})
        self.server.stop_soon()

    def answer(self, status: int, content: dict[str, object]) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *values: object) -> None:
        """Visits are counted, not written down."""


def main() -> None:
    balancer = Balancer(
        share=int(os.environ["PARAM_START"]),
        limit=float(os.environ["PARAM_LIMIT"]),
        is_broken=os.environ["PARAM_BREAK_IT"] == "true",
    )
    with Fleet(int(os.environ["FLEET_PORT"]), balancer) as fleet:
        print(f"{os.environ['PARAM_SERVICE']} listens on 127.0.0.1:{fleet.server_port}", flush=True)
        alarm = threading.Timer(LONGEST_LIFE_SECONDS, fleet.stop_soon)
        alarm.daemon = True
        alarm.start()
        fleet.serve_forever(poll_interval=0.1)
    print(json.dumps(balancer.metrics()))


if __name__ == "__main__":
    main()
