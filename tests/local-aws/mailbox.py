"""The owners' mailbox on one machine: an HTTP subscriber that keeps each message of SNS as a file.

SNS's emulator sends no e-mail. It does send HTTP, so that a message is delivered is seen here; the
text that a subscriber by e-mail gets with it is in what was published.

    python mailbox.py --port 4571 --folder .local/mail
"""

import argparse
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


def handler(folder):
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            message = json.loads(body)
            with lock:
                number = sum(1 for _ in folder.glob("*.json"))
                (folder / f"{number:04}.json").write_text(json.dumps(message, indent=2))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_arguments):
            pass

    return Handler


def messages(folder, kind):
    """The SNS envelopes of one Type, oldest first."""
    for file in sorted(Path(folder).glob("*.json")):
        try:
            message = json.loads(file.read_text())
        except ValueError:
            continue  # It is being written.
        if message.get("Type") == kind:
            yield message


def mails(folder, published):
    """Subject and text of each e-mail, oldest first."""
    for envelope in messages(folder, "Notification"):
        file = Path(published) / f"{envelope['MessageId']}.json"
        try:
            told = json.loads(file.read_text())
        except (FileNotFoundError, ValueError):
            continue  # It is being written.
        text = told["Message"]
        if text.startswith("{"):
            # MessageStructure is json: each protocol has its text.
            text = json.loads(text)["email"]
        yield {"subject": told["Subject"], "text": text}


def main():
    parser = argparse.ArgumentParser(description="an HTTP subscriber that keeps what SNS sends")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    server = ThreadingHTTPServer(("127.0.0.1", arguments.port), handler(arguments.folder))
    server.serve_forever()


if __name__ == "__main__":
    main()
