"""Rights as AWS names them: the batch calls of SQS are allowed by the action of the single call."""
from ministack.core import iam_actions

BATCHES = {
    "sqs:SendMessageBatch": "sqs:SendMessage",
    "sqs:DeleteMessageBatch": "sqs:DeleteMessage",
    "sqs:ChangeMessageVisibilityBatch": "sqs:ChangeMessageVisibility",
}


def mend():
    stock = iam_actions.extract_iam_action

    def extract_iam_action(*args, **kwargs):
        action = stock(*args, **kwargs)
        return BATCHES.get(action, action)

    iam_actions.extract_iam_action = extract_iam_action
