"""Where backups are kept: a service in one small file.

PUT  /backups/<name>  keep one
GET  /backups/<name>  have it back
GET  /                200
POST /stop            ends the service

It listens on the loopback interface only, and ends by itself after three minutes. With PARAM_DAMAGE it spoils what
it keeps.
"""

import json
import os
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

LONGEST_LIFE_SECONDS = 180
LARGEST_BACKUP = 512 * 1024 * 1024
PAGE = 4096


class Archive(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, port: int, is_bad: bool) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.is_bad = is_bad
        self.backups: dict[str, bytes] = {}

    def keep(self, name: str, backup: bytes) -> None:
        self.backups[name] = backup[:PAGE] + bytes(PAGE) + backup[2 * PAGE :] if self.is_bad else backup

    def stop_soon(self) -> None:
        """End `serve_forever`, from a thread of its own: it waits for the loop that calls the handlers."""
        threading.Thread(target=self.shutdown, daemon=True).start()


class Handler(BaseHTTPRequestHandler):
    server: Archive
    timeout = 30

    def do_GET(self) -> None:
        backup = b"An archive.\n" if self.path == "/" else self.server.backups.get(self.path)
        self.answer(404 if backup is None else 200, backup or b"")

    def do_PUT(self) -> None:
        size = int(self.headers.get("Content-Length", 0))
        if not self.path.startswith("/backups/") or not 0 < size <= LARGEST_BACKUP:
            self.answer(400)
            return
        backup = self.rfile.read(size)
        if len(backup) == size:
            self.server.keep(self.path, backup)
            self.answer(201)

    def do_POST(self) -> None:
        self.answer(202 if self.path == "/stop" else 404)
        if self.path == "/stop":
            self.server.stop_soon()

    def answer(self, status: int, body: bytes = b"") -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *values: object) -> None:
        print(format % values, flush=True)  # stdout is the step's log


def main() -> None:
    port, is_bad = int(os.environ["ARCHIVE_PORT"]), os.environ["PARAM_DAMAGE"] == "true"
    with Archive(port, is_bad) as archive:
        print(f"the archive listens on 127.0.0.1:{port}", flush=True)
        alarm = threading.Timer(LONGEST_LIFE_SECONDS, archive.stop_soon)
        alarm.daemon = True
        alarm.start()
        archive.serve_forever(poll_interval=0.1)
    print(json.dumps({"backups": len(archive.backups)}))


if __name__ == "__main__":
    main()
