"""Writes down what the functions ask of AWS and how they run, for benchmarks.

HOLDFAST_TEST_RECORD: a file; one JSON object per line. A request: {at, ms, who, service, call, status, bytes, reads, writes}, `who` being
a function, or `caller`. An invocation: {at, ms, function, cold, records, peakMb, cpuMs, log}. Times are seconds since the epoch.
"""
import json
import math
import os
import threading
import time

from ministack import app
from ministack.core import lambda_runtime
from ministack.services import dynamodb

FUNCTIONS = {}
WRITING = threading.Lock()
TICKS = os.sysconf("SC_CLK_TCK")


def record(settings):
    path = settings.get("HOLDFAST_TEST_RECORD")
    if not path:
        return
    file = open(path, "a", buffering=1, encoding="utf-8")

    def write(line):
        with WRITING:
            file.write(json.dumps(line, separators=(",", ":")) + "\n")

    know_functions_by_their_keys()
    ask_for_capacity()
    record_requests(write)
    record_invocations(write)


def know_functions_by_their_keys():
    stock = lambda_runtime.execution_credentials

    def execution_credentials(config):
        keys = stock(config)
        FUNCTIONS[keys["AWS_ACCESS_KEY_ID"]] = config.get("FunctionName", "")
        return keys

    lambda_runtime.execution_credentials = execution_credentials


def ask_for_capacity():
    """Every answer of DynamoDB says what it would have cost."""
    stock = dynamodb.handle_request

    async def handle_request(method, path, headers, body, query_params):
        try:
            data = json.loads(body) if body else {}
        except ValueError:
            data = {}
        if headers.get("x-amz-target", "").split(".")[-1] in CHARGED:
            body = json.dumps({**data, "ReturnConsumedCapacity": "INDEXES"}).encode()
        return await stock(method, path, headers, body, query_params)

    dynamodb.handle_request = handle_request


CHARGED = {"GetItem", "PutItem", "UpdateItem", "DeleteItem", "Query", "TransactWriteItems"}


def record_requests(write):
    stock = app._dispatch_service_request

    async def dispatch(method, path, headers, body, query_params, request_id):
        began, clock = time.time(), time.perf_counter()
        status, answer_headers, answer = await stock(method, path, headers, body, query_params, request_id)
        key = app.extract_access_key_id(headers, query_params) or ""
        service = app.detect_service(method, path, headers, query_params)
        call = app._ct_event_name(service, method, path, headers, query_params)
        if service == "lambda" and call == "Invoke":
            call += ":" + path.split("/")[3]
        reads, writes = charged(call, status, body, answer) if service == "dynamodb" else (0, 0)
        write({
            "at": round(began, 4),
            "ms": round((time.perf_counter() - clock) * 1000, 1),
            "who": FUNCTIONS.get(key, "caller"),
            "service": service,
            "call": call,
            "status": status,
            "bytes": [len(body or b""), len(answer) if isinstance(answer, (bytes, str)) else 0],
            "reads": reads,
            "writes": writes,
            **({"what": path.split("/", 2)[-1].split("/")[0]} if service == "s3" else what(service, body)),
        })
        return status, answer_headers, answer

    app._dispatch_service_request = dispatch


def what(service, body):
    """Which item a call is about, so that needless ones are seen."""
    if service != "dynamodb":
        return {}
    data = json.loads(body or b"{}")
    key = data.get("Key") or data.get("Item") or {}
    name = key.get("sk", {}).get("S", "")
    if name in ("value", "clock", "delivery"):
        name = key.get("pk", {}).get("S", "")
    if "KeyConditionExpression" in data:
        name = data.get("IndexName", "") + json.dumps(sorted(
            value.get("S", "") for value in data.get("ExpressionAttributeValues", {}).values() if "S" in value
        ))
    return {"what": name}


def charged(call, status, body, answer):
    """Units of reading and of writing. A refused write costs as much as the item that stood in the way: here at least one."""
    found, asked = json.loads(answer or b"{}"), json.loads(body or b"{}")
    if status != 200:
        return (0, 1) if call in ("PutItem", "UpdateItem", "DeleteItem") else (0, 4 if call == "TransactWriteItems" else 0)
    if call in ("GetItem", "Query"):
        # MiniStack charges every read one unit, whatever its size.
        items = found.get("Items") or [found.get("Item") or {}]
        size = sum(dynamodb._item_size_bytes(item) for item in items)
        return max(1, math.ceil(size / 4096)) * (1 if asked.get("ConsistentRead") else 0.5), 0
    capacity = found.get("ConsumedCapacity", [])
    return 0, sum(one.get("CapacityUnits", 0) for one in (capacity if isinstance(capacity, list) else [capacity]))


def record_invocations(write):
    invoke, drain = lambda_runtime.Worker.invoke, lambda_runtime.Worker._drain_stderr_bounded

    def timed_drain(self, *args, **options):
        self._answered = time.perf_counter()
        return drain(self, *args, **options)

    def timed_invoke(self, event, request_id, **options):
        began, clock, cpu = time.time(), time.perf_counter(), cpu_ms(self)
        self._answered = None
        result = invoke(self, event, request_id, **options)
        records = event.get("Records") if isinstance(event, dict) else None
        write({
            "at": round(began, 4),
            "ms": round(((self._answered or time.perf_counter()) - clock) * 1000, 1),
            "function": self.func_name,
            "cold": result.get("cold_start", False),
            "status": result.get("status"),
            "records": [one.get("body", "")[:80] for one in records or []],
            "peakMb": peak_mb(self),
            "cpuMs": cpu_ms(self) - cpu,
            "log": result.get("log", ""),
        })
        return result

    lambda_runtime.Worker._drain_stderr_bounded = timed_drain
    lambda_runtime.Worker.invoke = timed_invoke


def peak_mb(worker):
    return sum_of(worker, "status", lambda text: int(text.split("VmHWM:")[1].split()[0]) / 1024)


def cpu_ms(worker):
    def read(text):
        fields = text.rsplit(") ", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) * 1000 / TICKS

    return sum_of(worker, "stat", read)


def sum_of(worker, name, read):
    try:
        with open(f"/proc/{worker._proc.pid}/{name}", encoding="utf-8") as file:
            return round(read(file.read()), 1)
    except (AttributeError, OSError, IndexError):
        return 0
