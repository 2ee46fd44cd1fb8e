"""EventBridge: refuses what AWS refuses, and hears of image pushes and stack changes, which MiniStack tells nobody.

HOLDFAST_TEST_RAW_AWS_EVENTS=1: PutEvents takes sources that begin with `aws.`, so that a test can be AWS.
HOLDFAST_TEST_EMIT_EVENTS=1: ECR and CloudFormation send their events; HOLDFAST_TEST_EMIT_SKIP: stacks that do not, with commas between.
"""
import json

from ministack.services import ecr, eventbridge
from ministack.services.cloudformation import changesets, handlers, stacks

STACK = "AWS::CloudFormation::Stack"


def mend(settings):
    refuse_malformed_details(settings.get("HOLDFAST_TEST_RAW_AWS_EVENTS") == "1")
    if settings.get("HOLDFAST_TEST_EMIT_EVENTS") == "1":
        tell_of_images()
        tell_of_stacks(set(settings.get("HOLDFAST_TEST_EMIT_SKIP", "").split(",")))


def refuse_malformed_details(any_source):
    stock = eventbridge._put_events

    def put_events(data, allow_aws_source=False):
        entries = data.get("Entries", [])
        malformed = [not is_object(entry.get("Detail")) for entry in entries]
        kept = [entry for entry, bad in zip(entries, malformed) if not bad]
        status, headers, body = stock({**data, "Entries": kept}, allow_aws_source or any_source)
        if status != 200 or not any(malformed):
            return status, headers, body
        answered = iter(json.loads(body)["Entries"])
        refusal = {"ErrorCode": "MalformedDetail", "ErrorMessage": "Detail is malformed."}
        results = [refusal if bad else next(answered) for bad in malformed]
        failed = sum("ErrorCode" in result for result in results)
        return status, headers, json.dumps({"FailedEntryCount": failed, "Entries": results}).encode()

    eventbridge._put_events = put_events


def is_object(detail):
    try:
        return isinstance(json.loads(detail or "null"), dict)
    except ValueError:
        return False


def emit(source, detail_type, detail, resource):
    entry = {"Source": source, "DetailType": detail_type, "Detail": json.dumps(detail), "Resources": [resource]}
    eventbridge._put_events({"Entries": [entry]}, allow_aws_source=True)


def tell_of_images():
    """Both ways to push: the API call, and the registry protocol."""
    by_call, by_protocol = ecr._put_image, ecr._v2_put_manifest

    def put_image(data):
        answer = by_call(data)
        if answer[0] == 200:
            digest = data.get("imageDigest") or ecr._image_digest(data["imageManifest"])
            pushed(data["repositoryName"], data.get("imageTag"), digest, data.get("imageManifestMediaType", ""))
        return answer

    def put_manifest(name, ref, headers, body):
        answer = by_protocol(name, ref, headers, body)
        if answer[0] == 201:
            tag = None if ref.startswith("sha256:") else ref
            pushed(name, tag, ecr._content_digest(body), headers.get("content-type", ""))
        return answer

    ecr._put_image, ecr._v2_put_manifest = put_image, put_manifest


def pushed(repository, tag, digest, media_type):
    detail = {
        "action-type": "PUSH",
        "result": "SUCCESS",
        "repository-name": repository,
        "image-digest": digest,
        "manifest-media-type": media_type,
    }
    if tag:
        detail["image-tag"] = tag
    emit("aws.ecr", "ECR Image Action", detail, ecr._repositories[repository]["repositoryArn"])


def tell_of_stacks(skipped):
    stock = stacks._add_event

    def add_event(stack_id, stack_name, logical_id, resource_type, status, reason="", physical_id="", detailed_status=""):
        stock(stack_id, stack_name, logical_id, resource_type, status, reason, physical_id, detailed_status)
        if stack_name in skipped:
            return
        detail = {"stack-id": stack_id, "status-details": {"status": status, "status-reason": reason or ""}}
        if resource_type == STACK and logical_id == stack_name:
            detail["client-request-token"] = stacks.CLIENT_REQUEST_TOKEN.get() or ""
            emit("aws.cloudformation", "CloudFormation Stack Status Change", detail, stack_id)
            return
        detail |= {"logical-resource-id": logical_id, "physical-resource-id": physical_id, "resource-type": resource_type}
        emit("aws.cloudformation", "CloudFormation Resource Status Change", detail, stack_id)

    # Other modules look it up in `stacks` when they need it; these two keep a name of their own.
    for module in (stacks, changesets, handlers):
        assert module._add_event is stock
        module._add_event = add_event
