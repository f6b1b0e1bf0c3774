"""Prints a port of the loopback interface that nobody listens on."""

import json
import socket

with socket.create_server(("127.0.0.1", 0)) as server:
    port = server.getsockname()[1]
print(json.dumps({"port": port}))
