"""A stand-in for a server in the tests of --launch: answers like one, starts a child that ignores SIGTERM,
leaves an orphan.

Usage: standin.py --port N [--pids FILE] [--die TEXT]
"""

import argparse
import http.server
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

SLEEPER = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"


class Handler(http.server.BaseHTTPRequestHandler):
    def _answer(self, body):
        data = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        self._answer({"model_path": "stand-in"})

    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        self._answer({"text": "x"})


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--pids")
    parser.add_argument("--die")
    parser.add_argument("--silent", action="store_true")
    parser.add_argument("--api-key")
    options = parser.parse_args()
    if options.die:
        print("loading", flush=True)
        print(options.die, file=sys.stderr, flush=True)
        sys.exit(7)
    child = subprocess.Popen([sys.executable, "-c", SLEEPER])
    # The grandchild's parent ends at once, so it is an orphan in a session of its own.
    orphan = subprocess.run(
        [
            sys.executable,
            "-c",
            f"import subprocess, sys; p = subprocess.Popen([sys.executable, '-c', {SLEEPER!r}], "
            "start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL); print(p.pid)",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", options.port), Handler)
    if options.pids:
        Path(options.pids).write_text(json.dumps([os.getpid(), child.pid, int(orphan.stdout)]))
    if not options.silent:
        print("[2026-01-01 10:00:00] The server is fired up and ready to roll!", flush=True)
    server.serve_forever()


main()
