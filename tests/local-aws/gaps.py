"""What ministack does not serve, answered as AWS answers for an account that has none of it.

A gateway before EKS and ECR: Fargate profiles are an empty list, the registry has no policy.
Everything else goes to ministack and comes back as it is.

    python gaps.py --port 4572 --aws http://127.0.0.1:4566
"""

import argparse
import http.client
import json
import re
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

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


def handler(aws):
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
                self.send(answer.status, headers, answer.read())
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
    arguments = parser.parse_args()
    ThreadingHTTPServer(("127.0.0.1", arguments.port), handler(arguments.aws)).serve_forever()


if __name__ == "__main__":
    main()
