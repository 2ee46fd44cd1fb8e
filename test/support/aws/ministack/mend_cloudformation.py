"""CloudFormation resources as AWS makes them, where MiniStack drops or bends what a template says."""
import string

from ministack.services import cloudformation, dynamodb
from ministack.services.cloudformation import provisioners

HANDLERS = provisioners._RESOURCE_HANDLERS
SECRET, TABLE, BUCKET = "AWS::SecretsManager::Secret", "AWS::DynamoDB::Table", "AWS::S3::Bucket"


def mend():
    name_resources_of_each_stack_anew()
    refer_to_secrets_by_arn()
    generate_secrets_as_asked()
    apply_table_settings()
    apply_bucket_tags()


def name_resources_of_each_stack_anew():
    """A stack of a name that was used before gets other names for its resources; here it would meet what the first one left."""
    stock = provisioners._physical_name
    mixed_in = provisioners._NAME_SEED

    def physical_name(stack_name, logical_id, seeded=True, **options):
        stack = cloudformation._stacks.get(stack_name) or {}
        token = mixed_in.set((mixed_in.get() if seeded else "") + stack.get("StackId", ""))
        try:
            return stock(stack_name, logical_id, **options)
        finally:
            mixed_in.reset(token)

    provisioners._physical_name = physical_name


def replace(resource_type, **handlers):
    """Returns the handlers as they were."""
    stock = dict(HANDLERS[resource_type])
    assert handlers.keys() <= stock.keys()
    HANDLERS[resource_type] = {**stock, **handlers}
    return stock


def refer_to_secrets_by_arn():
    """`Ref` of a secret is its ARN; here it is its name, which no policy with an ARN allows."""
    def create(logical_id, props, stack_name):
        _name, attributes = stock["create"](logical_id, props, stack_name)
        return attributes["Arn"], attributes

    def update(physical_id, *args, **options):
        _name, attributes, *rest = stock["update"](name_of(physical_id), *args, **options)
        return (attributes["Arn"], attributes, *rest)

    def delete(physical_id, props, *args, **options):
        return stock["delete"](name_of(physical_id), props, *args, **options)

    stock = replace(SECRET, create=create, update=update, delete=delete)


def name_of(secret):
    return secret.split(":secret:", 1)[1].rsplit("-", 1)[0] if secret.startswith("arn:") else secret


def generate_secrets_as_asked():
    """Whole classes of characters can be excluded from a generated secret; here only single ones."""
    stock = provisioners._sm_secret_string
    classes = {
        "ExcludePunctuation": string.punctuation,
        "ExcludeNumbers": string.digits,
        "ExcludeLowercase": string.ascii_lowercase,
        "ExcludeUppercase": string.ascii_uppercase,
    }

    def secret_string(props):
        wanted = props.get("GenerateSecretString")
        if not wanted:
            return stock(props)
        excluded = wanted.get("ExcludeCharacters", "") + "".join(
            characters for name, characters in classes.items() if is_true(wanted.get(name))
        )
        length = int(wanted.get("PasswordLength", 32))
        asked = {**wanted, "ExcludeCharacters": excluded, "PasswordLength": length}
        return stock({**props, "GenerateSecretString": asked})

    provisioners._sm_secret_string = secret_string


def is_true(value):
    return str(value).lower() == "true"


def apply_table_settings():
    """Attributes that no key uses are refused, TTL and point-in-time recovery are applied, indexes say that they are active."""
    def create(logical_id, props, stack_name):
        check_attributes(props)
        name, attributes = stock["create"](logical_id, props, stack_name)
        for index in dynamodb._tables[name].get("GlobalSecondaryIndexes", []):
            index.setdefault("IndexStatus", "ACTIVE")
        apply_expiry(name, props)
        return name, attributes

    stock = replace(TABLE, create=create)


def check_attributes(props):
    keys = [*props.get("KeySchema", [])]
    for index in [*props.get("GlobalSecondaryIndexes", []), *props.get("LocalSecondaryIndexes", [])]:
        keys += index["KeySchema"]
    used = {key["AttributeName"] for key in keys}
    defined = {attribute["AttributeName"] for attribute in props.get("AttributeDefinitions", [])}
    if used != defined:
        raise ValueError(f"Number of attributes in KeySchema does not match AttributeDefinitions: {sorted(used ^ defined)}")


def apply_expiry(table, props):
    expiry = props.get("TimeToLiveSpecification")
    if expiry:
        wanted = {"Enabled": is_true(expiry.get("Enabled")), "AttributeName": expiry.get("AttributeName")}
        dynamodb._update_ttl({"TableName": table, "TimeToLiveSpecification": wanted})
    recovery = props.get("PointInTimeRecoverySpecification")
    if recovery:
        wanted = {**recovery, "PointInTimeRecoveryEnabled": is_true(recovery.get("PointInTimeRecoveryEnabled"))}
        dynamodb._update_continuous_backups({"TableName": table, "PointInTimeRecoverySpecification": wanted})


def apply_bucket_tags():
    """CDK's bucket cleaner refuses to empty a bucket without its tag."""
    def create(logical_id, props, stack_name):
        name, attributes = stock["create"](logical_id, props, stack_name)
        if props.get("Tags"):
            provisioners._s3._bucket_tags[name] = {tag["Key"]: str(tag["Value"]) for tag in props["Tags"]}
        return name, attributes

    stock = replace(BUCKET, create=create)
