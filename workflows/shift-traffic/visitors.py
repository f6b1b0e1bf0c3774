"""Visits the fleet, one visit after the other, until it is gone."""

import http.client
import json
import os
import time

PAUSE_SECONDS = 0.005


def main() -> None:
    connection = http.client.HTTPConnection("127.0.0.1", int(os.environ["FLEET_PORT"]), timeout=5)
    visits = failed = 0
    while True:
        try:
            connection.request("GET", "/")
            answer = connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException):
            break
        visits += 1
        failed += answer.status != 200
        time.sleep(PAUSE_SECONDS)
    connection.close()
    print(json.dumps({"visits": visits, "failed": failed}))


if __name__ == "__main__":
    main()
