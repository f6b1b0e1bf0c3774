"""A staging environment in one file: takes a release, says which one is live, and ends when it is asked to.

POST /releases            puts a release live: {"service", "version", "canary", "sha256", ...}
GET  /releases/<version>  the live release, or 404 when another one is live
POST /stop                ends the service

It listens on the loopback interface only, and ends by itself after two minutes.
"""

import json
import os
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

LONGEST_LIFE_SECONDS = 120
LARGEST_BODY = 64 * 1024


class Staging(ThreadingHTTPServer):
    """What is live, and how often we were asked."""

    daemon_threads = True

    def __init__(self, port: int) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.live: dict[str, object] = {}
        self.requests = 0

    def stop_soon(self) -> None:
        """End `serve_forever`, from a thread of its own: it waits for the loop that calls the handlers."""
        threading.Thread(target=self.shutdown, daemon=True).start()


class Handler(BaseHTTPRequestHandler):
    server: Staging
    timeout = 10

    def do_GET(self) -> None:
        self.server.requests += 1
        if self.path == "/":
            self.answer(200, {"ok": True})
        elif self.server.live and self.path == f"/releases/{self.server.live['version']}":
            self.answer(200, self.server.live)
        else:
            self.answer(404, {"error": "this is not live"})

    def do_POST(self) -> None:
        self.server.requests += 1
        if self.path == "/stop":
            self.answer(202, {"stopping": True})
            self.server.stop_soon()
        elif self.path == "/releases":
            self.take_release()
        else:
            self.answer(404, {"error": "there is nothing to post to here"})

    def take_release(self) -> None:
        size = int(self.headers.get("Content-Length", 0))
        try:
            release = json.loads(self.rfile.read(min(size, LARGEST_BODY)))
            changed = self.server.live.get("version") != release["version"]
        except (ValueError, KeyError, TypeError):
            self.answer(400, {"error": "a release is JSON with a version"})
            return
        self.server.live = release
        self.answer(201, {"changed": changed, "version": release["version"]})

    def answer(self, status: int, content: dict[str, object]) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *values: object) -> None:
        print(format % values, flush=True)  # stdout is the step's log


def main() -> None:
    with Staging(int(os.environ["SERVICE_PORT"])) as staging:
        print(f"staging listens on 127.0.0.1:{staging.server_port}", flush=True)
        alarm = threading.Timer(LONGEST_LIFE_SECONDS, staging.stop_soon)
        alarm.daemon = True
        alarm.start()
        staging.serve_forever(poll_interval=0.1)
    print(json.dumps({"requests": staging.requests, "live": staging.live.get("version")}))


if __name__ == "__main__":
    main()
