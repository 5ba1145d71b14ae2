"""What kills a server and starts it again when it is asked to."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

from tests.integration.serving import Server

__all__ = ["killing"]


@contextmanager
def killing(server: Server) -> Iterator[int]:
    """Give a port at which each request is answered when the server was killed and is there again."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # the name is the standard library's
            server.kill()
            server.start()
            self.send_response(204)
            self.end_headers()

    with HTTPServer(("127.0.0.1", 0), Handler) as killer:
        thread = threading.Thread(target=killer.serve_forever, daemon=True)
        thread.start()
        yield killer.server_port
        killer.shutdown()
        thread.join()
