"""Lambda as AWS runs it, where MiniStack differs in what our functions see."""
import threading
import zipfile

from ministack.core import iam_evaluator, lambda_runtime
from ministack.services import lambda_svc

THROWN = threading.local()


def mend():
    keep_modes_of_layers()
    leave_other_local_servers_alone()
    name_the_thrown_error()
    run_fifo_groups_side_by_side()
    say_who_called_the_url()


def replace_once(text, old, new):
    assert text.count(old) == 1, f"found {text.count(old)} times: {old}"
    return text.replace(old, new)


def keep_modes_of_layers():
    """A layer holds programs; the unpacked file must be executable as it was packed."""
    def extract_all(archive, path=None, members=None, pwd=None):
        assert members is None and pwd is None
        lambda_svc._extract_zip_preserving_mode(archive, path)

    zipfile.ZipFile.extractall = extract_all


def leave_other_local_servers_alone():
    """The worker turns https to this host into calls of the gateway; a kube-apiserver or Git server has another port."""
    lambda_runtime._NODEJS_WORKER_SCRIPT = replace_once(
        lambda_runtime._NODEJS_WORKER_SCRIPT,
        'if (host === "127.0.0.1" || host === "localhost" || host === msHost\n'
        "        || (advertised && host === advertised)) {",
        'if (["443", String(msPort)].includes(String(options.port || "443"))\n'
        '        && (host === "127.0.0.1" || host === "localhost" || host === msHost\n'
        "        || (advertised && host === advertised))) {",
    )


def name_the_thrown_error():
    """AWS answers the thrown error's name as errorType; MiniStack always says Runtime.HandlerError."""
    lambda_runtime._NODEJS_WORKER_SCRIPT = replace_once(
        lambda_runtime._NODEJS_WORKER_SCRIPT,
        'status: "error", error: String(err.message || err), trace: err.stack || ""',
        'status: "error", error: String(err.message || err), thrown: (err && err.name) || "Error", trace: err.stack || ""',
    )
    invoke, execute = lambda_runtime.Worker.invoke, lambda_svc._execute_function_warm

    def invoke_and_note(self, *args, **options):
        result = invoke(self, *args, **options)
        THROWN.name = result.get("thrown") if isinstance(result, dict) else None
        return result

    def execute_and_name(func, event, request_id):
        THROWN.name = None
        result = execute(func, event, request_id)
        if result.get("error") and THROWN.name and result["body"].get("errorType") == "Runtime.HandlerError":
            result["body"]["errorType"] = THROWN.name
        return result

    lambda_runtime.Worker.invoke = invoke_and_note
    lambda_svc._execute_function_warm = execute_and_name


def run_fifo_groups_side_by_side():
    """A FIFO event source is serial here; a batch of one holds one group, so that groups can run beside each other."""
    stock = lambda_svc._sqs_esm_concurrency

    def concurrency(esm, func_rec, config, queue=None):
        if not (queue or {}).get("is_fifo") or int(esm.get("BatchSize", 10)) != 1:
            return stock(esm, func_rec, config, queue)
        return stock(esm, func_rec, config, {**queue, "is_fifo": False})

    lambda_svc._sqs_esm_concurrency = concurrency


def say_who_called_the_url():
    """AWS puts the signer into requestContext.authorizer.iam of a Function URL with IAM."""
    stock = lambda_svc._build_function_url_event

    def build(url_id, account_id, region, method, path, headers, body, query_params, **options):
        event = stock(url_id, account_id, region, method, path, headers, body, query_params, **options)
        authorization = headers.get("authorization", "")
        if not options.get("anonymous") and "Credential=" in authorization:
            key = authorization.split("Credential=", 1)[1].split("/", 1)[0]
            event["requestContext"]["authorizer"] = {"iam": signer(key, account_id, headers)}
        return event

    lambda_svc._build_function_url_event = build


def signer(key, account_id, headers):
    found = iam_evaluator.resolve_credential(key, account_id, headers.get("x-amz-security-token"))
    principal = getattr(found, "principal_id", None) or account_id
    return {
        "accessKey": key,
        "accountId": account_id,
        "callerId": principal,
        "cognitoIdentity": None,
        "principalOrgId": None,
        "userArn": getattr(found, "principal_arn", None) or f"arn:aws:iam::{account_id}:root",
        "userId": principal,
    }
