"""What ministack does not serve: a gateway before EKS, ECR and SNS.

Fargate profiles are an empty list and the registry has no policy, as AWS answers for an account
that has none. What SNS was given to publish is kept by its message's id, because ministack sends
no e-mail. Everything goes to ministack otherwise, and comes back as it is.

    python gaps.py --port 4572 --aws http://127.0.0.1:4566 --published .local/published
"""

import argparse
import http.client
import json
import re
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

FARGATE_PROFILES = re.compile(r"^/clusters/[^/]+/fargate-profiles(\?.*)?$")
REGISTRY_POLICY = "AmazonEC2ContainerRegistry_V20150921.GetRegistryPolicy"


def answer_of_none(method, path, target):
    """Status, error name and body for a call that ministack does not know; else None."""
    if method == "GET" and FARGATE_PROFILES.match(path):
        return 200, None, {"fargateProfileNames": []}
    if target == REGISTRY_POLICY:
        error = "RegistryPolicyNotFoundException"
        message = "Registry policy does not exist in the registry"
        return 400, error, {"__type": error, "message": message}
    return None


def keep_published(folder, request, answer):
    """Keeps a message that SNS took, as it was given."""
    fields = {name: values[0] for name, values in parse_qs(request.decode()).items()}
    message_id = re.search(r"<MessageId>([^<]+)</MessageId>", answer.decode())
    if fields.get("Action") == "Publish" and message_id:
        kept = {"Subject": fields.get("Subject", ""), "Message": fields["Message"]}
        (folder / f"{message_id[1]}.json").write_text(json.dumps(kept))


def handler(aws, published):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def serve(self):
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            none = answer_of_none(self.command, self.path, self.headers.get("X-Amz-Target"))
            if none:
                status, error, document = none
                headers = {"x-amzn-ErrorType": error} if error else {}
                self.send(status, headers, json.dumps(document).encode())
                return
            connection = http.client.HTTPConnection(aws.hostname, aws.port, timeout=60)
            try:
                connection.request(self.command, self.path, body, dict(self.headers))
                answer = connection.getresponse()
                headers = {
                    name: value
                    for name, value in answer.getheaders()
                    if name.lower() not in ("content-length", "transfer-encoding", "connection")
                }
                answered = answer.read()
                form = "application/x-www-form-urlencoded"
                if answer.status == 200 and self.headers.get_content_type() == form:
                    keep_published(published, body, answered)
                self.send(answer.status, headers, answered)
            finally:
                connection.close()

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = serve

        def send(self, status, headers, body):
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments):
            pass

    return Handler


def main():
    parser = argparse.ArgumentParser(description="what ministack does not serve")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--aws", type=urlsplit, required=True)
    parser.add_argument("--published", type=Path, required=True)
    arguments = parser.parse_args()
    arguments.published.mkdir(parents=True, exist_ok=True)
    serve = handler(arguments.aws, arguments.published)
    ThreadingHTTPServer(("127.0.0.1", arguments.port), serve).serve_forever()


if __name__ == "__main__":
    main()
