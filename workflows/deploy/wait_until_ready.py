"""Waits until the staging service answers. The step's timeout bounds the waiting."""

import http.client
import os
import time

port = int(os.environ["SERVICE_PORT"])
while True:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/")
        if connection.getresponse().status == 200:
            break
    except OSError:
        print("not yet", flush=True)
    finally:
        connection.close()
    time.sleep(0.2)
print("staging answers")
