"""AWS before a function, on loopback: the large account, a ledger, topics, the sweep's queue, and
Lambda's Runtime API. Every call is counted by its name."""

import json
import queue
import re
import threading
import time
import uuid
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import account

ITEM_BYTES, PAGE_BYTES = 400 * 1024, 1024 * 1024
RUNTIME = "/2018-06-01/runtime"


class Ledger:
    """The table: strongly consistent, with the conditions that pullwatch writes on."""

    def __init__(self):
        self.items = {}
        self.lock = threading.Lock()

    def call(self, action, request):
        with self.lock:
            return getattr(self, action)(request)

    def GetItem(self, request):
        item = self.items.get(key_of(request["Key"]))
        return 200, {"Item": item} if item else {}

    def BatchGetItem(self, request):
        (table, asked), = request["RequestItems"].items()
        found = [self.items[key_of(key)] for key in asked["Keys"] if key_of(key) in self.items]
        return 200, {"Responses": {table: found}, "UnprocessedKeys": {}}

    def PutItem(self, request):
        item = request["Item"]
        if len(json.dumps(item)) > ITEM_BYTES:
            return refused("ValidationException", "Item size has exceeded the maximum allowed size")
        held = self.items.get(key_of(item))
        values = request.get("ExpressionAttributeValues", {})
        holds = {
            None: lambda: True,
            "attribute_not_exists(pk)": lambda: held is None,
            "version = :expected": lambda: held and held["version"] == values[":expected"],
            "attribute_not_exists(pk) OR read_at <= :read_at": lambda: held is None
            or int(held["read_at"]["N"]) <= int(values[":read_at"]["N"]),
        }[request.get("ConditionExpression")]
        if not holds():
            return refused("ConditionalCheckFailedException", "The conditional request failed")
        self.items[key_of(item)] = item
        return 200, {}

    def Query(self, request):
        values = request["ExpressionAttributeValues"]
        kind, after = values[":pk"]["S"], request.get("ExclusiveStartKey", {}).get("sk", {}).get("S")
        keys = sorted(key for key in self.items if key[0] == kind and (not after or key[1] > after))
        found, size = [], 0
        for place, key in enumerate(keys):
            item = self.items[key]
            size += len(json.dumps(item))
            if ":sweep" not in values or item["sweep"] == values[":sweep"]:
                found.append(item)
            if size >= PAGE_BYTES and place + 1 < len(keys):
                last = {"pk": item["pk"], "sk": item["sk"]}
                return 200, {"Items": found, "LastEvaluatedKey": last}
        return 200, {"Items": found}


def key_of(item):
    return item["pk"]["S"], item["sk"]["S"]


def refused(error, message):
    return 400, {"__type": f"com.amazonaws.dynamodb.v20120810#{error}", "message": message}


class Services(ThreadingHTTPServer):
    """Every service but Security Hub, behind one port."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port):
        super().__init__(("127.0.0.1", port), Handler)
        self.ledger = Ledger()
        self.calls = Counter()
        self.steps = queue.Queue()
        self.events = queue.Queue()
        self.answers = queue.Queue()
        self.lock = threading.Lock()

    def count(self, call):
        with self.lock:
            self.calls[call] += 1

    def invoke(self, event, patience=900):
        """Hands an event to the function and waits for its answer."""
        self.events.put(event)
        status, answer = self.answers.get(timeout=patience)
        if status != "response":
            raise RuntimeError(f"the function failed: {answer}")
        return json.loads(answer)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def do_GET(self):
        path = urlsplit(self.path).path
        if path == f"{RUNTIME}/invocation/next":
            return self.next_invocation()
        name, answer = account.eks(self.region(), path)
        self.server.count(f"eks:{name}")
        self.answer_json(200, answer)

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        if self.path.startswith(RUNTIME):
            return self.end_invocation(body)
        target = self.headers.get("X-Amz-Target", "")
        if target:
            return self.answer_json(*self.rpc(*target.split("."), json.loads(body)))
        form = {key: values[0] for key, values in parse_qs(body).items()}
        self.query(form["Action"], form)

    def rpc(self, service, action, request):
        if service.startswith("DynamoDB"):
            kind = f" of a {request['Item']['pk']['S']}" if action == "PutItem" else ""
            self.server.count(f"dynamodb:{action}{kind}")
            return self.server.ledger.call(action, request)
        if service == "AmazonSQS":
            self.server.count(f"sqs:{action}")
            self.server.steps.put(request["MessageBody"])
            return 200, {"MessageId": str(uuid.uuid4()), "MD5OfMessageBody": "0" * 32}
        self.server.count(f"ecr:{action}")
        return account.ecr(action, request)

    def query(self, action, form):
        service = self.scope()[3]
        self.server.count(f"{service}:{action}")
        if service == "ec2":
            content = account.ec2(action, self.region())
            return self.answer_xml(f"<{action}Response>{content}</{action}Response>")
        result = (
            f"<MessageId>{uuid.uuid4()}</MessageId>" if service == "sns"
            else account.iam(action, form)
        )
        self.answer_xml(
            f"<{action}Response><{action}Result>{result}</{action}Result></{action}Response>"
        )

    def next_invocation(self):
        event = self.server.events.get()
        body = json.dumps(event).encode()
        self.send_response(200)
        self.send_header("Lambda-Runtime-Aws-Request-Id", str(uuid.uuid4()))
        self.send_header("Lambda-Runtime-Deadline-Ms", str(int((time.time() + 900) * 1000)))
        self.send_header(
            "Lambda-Runtime-Invoked-Function-Arn",
            f"arn:aws:lambda:us-east-1:{account.ACCOUNT}:function:account-sweep",
        )
        self.finish_answer("application/json", body)

    def end_invocation(self, body):
        self.server.answers.put((self.path.rsplit("/", 1)[1], body))
        self.answer_json(202, {})

    def scope(self):
        """The credential's scope: access key, day, region, service."""
        found = re.search(r"Credential=([^,]+)/aws4_request", self.headers["Authorization"])
        return found[1].split("/")

    def region(self):
        return self.scope()[2]

    def answer_json(self, status, answer):
        self.send_response(status)
        self.finish_answer("application/json", json.dumps(answer).encode())

    def answer_xml(self, text):
        self.send_response(200)
        self.finish_answer("text/xml", text.encode())

    def finish_answer(self, content_type, body):
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
