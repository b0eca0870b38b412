"""The cloud template, as CloudFormation would see it: after SAM's transform.

What the names bind is in the plan (shared/design/batch-migration-plan.md) and in the code that
reads the environment or calls AWS; each test holds the template against one of them.
"""

import ast
import json
import re
import tomllib
from collections.abc import Iterator
from importlib.resources import files as resources_of
from pathlib import Path
from typing import Any

import botocore.session
import pytest
import yaml
from cfnlint.api import lint_file
from samtranslator.yaml_helper import yaml_parse

from api.analytics import trigger
from api.settings import Settings
from tests.cloud.transformed import ROOT, TEMPLATE, transformed_template

#: MiB for each vCPU of a Graviton family: Amazon EC2, "Instance type specifications".
MEMORY_PER_VCPU = {"c7g": 2048, "c8g": 2048, "m7g": 4096, "r7g": 8192}
#: vCPUs of each size.
VCPUS = {"medium": 1, "large": 2, "xlarge": 4, "2xlarge": 8}

#: Where an action takes no resource, by the Service Authorization Reference.
WITHOUT_RESOURCE = {"batch:ListJobs", "batch:DescribeJobs"}

#: What Batch needs to see that a queue is blocked, and to cancel the job that blocks it.
BLOCKED_QUEUE = {"autoscaling:DescribeScalingActivities", "ec2:DescribeSpotFleetRequestHistory"}

#: What the plan, and the issue that follows it, call by these names.
LOGICAL_IDS = {
    "CocktailVPC": "AWS::EC2::VPC",
    "PrivateSubnet": "AWS::EC2::Subnet",
    "EFSSecurityGroup": "AWS::EC2::SecurityGroup",
    "CocktailEFS": "AWS::EFS::FileSystem",
    "EFSAccessPoint": "AWS::EFS::AccessPoint",
    "MountTarget": "AWS::EFS::MountTarget",
    "AnalyticsBucket": "AWS::S3::Bucket",
    "AnalyticsECRRepository": "AWS::ECR::Repository",
    "CocktailLambda": "AWS::Lambda::Function",
    "BatchServiceRole": "AWS::IAM::Role",
    "BatchInstanceRole": "AWS::IAM::Role",
    "BatchInstanceProfile": "AWS::IAM::InstanceProfile",
    "BatchSecurityGroup": "AWS::EC2::SecurityGroup",
    "EFSIngressFromBatch": "AWS::EC2::SecurityGroupIngress",
    "AnalyticsComputeEnvironment": "AWS::Batch::ComputeEnvironment",
    "AnalyticsJobQueue": "AWS::Batch::JobQueue",
    "AnalyticsJobDefinition": "AWS::Batch::JobDefinition",
    "BatchLogGroup": "AWS::Logs::LogGroup",
    "AnalyticsTriggerFunction": "AWS::Lambda::Function",
}


@pytest.fixture(scope="module")
def template() -> dict[str, Any]:
    """Return the template as it is written."""
    written: dict[str, Any] = yaml_parse(TEMPLATE.read_text())
    return written


@pytest.fixture(scope="module")
def transformed() -> dict[str, Any]:
    """Return what SAM makes of it."""
    return transformed_template()


@pytest.fixture(scope="module")
def resources(transformed: dict[str, Any]) -> dict[str, Any]:
    return dict(transformed["Resources"])


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def policies(resource: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the statements of a role's own policies."""
    for policy in resource["Properties"].get("Policies", []):
        yield from as_list(policy["PolicyDocument"]["Statement"])


def actions(role: dict[str, Any]) -> set[str]:
    return {action for statement in policies(role) for action in as_list(statement["Action"])}


def called_by(module: str, service: str) -> set[str]:
    """Return the methods and paginators that a module calls on a client, as IAM names them."""
    tree = ast.parse((ROOT / module).read_text())
    called = set()
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        if not isinstance(call.func, ast.Attribute) or not isinstance(call.func.value, ast.Call):
            continue
        name = call.func.attr
        if name == "get_paginator" and isinstance(call.args[0], ast.Constant):
            name = str(call.args[0].value)
        called.add("".join(word.title() for word in name.split("_")))
    known = set(botocore.session.get_session().get_service_model(service).operation_names)
    return {f"{service}:{name}" for name in called & known}


def test_cfn_lint_finds_nothing_in_the_template() -> None:
    assert lint_file(TEMPLATE) == []


def test_cfn_lint_accepts_the_transformed_template(
    transformed: dict[str, Any], tmp_path: Path
) -> None:
    path = tmp_path / "transformed.json"
    path.write_text(json.dumps(transformed))
    assert lint_file(path) == []


def test_has_every_resource_by_the_plans_names(resources: dict[str, Any]) -> None:
    assert {name: resources[name]["Type"] for name in LOGICAL_IDS} == LOGICAL_IDS


def test_outputs_by_the_plans_names_are_arns(transformed: dict[str, Any]) -> None:
    outputs = {name: output["Value"] for name, output in transformed["Outputs"].items()}
    function = outputs["AnalyticsTriggerFunctionArn"]
    assert function == {"Fn::GetAtt": ["AnalyticsTriggerFunction", "Arn"]}
    # Ref of these two is their ARN: AWS CloudFormation, "Return values".
    assert outputs["AnalyticsJobQueueArn"] == {"Ref": "AnalyticsJobQueue"}
    assert outputs["AnalyticsJobDefinitionArn"] == {"Ref": "AnalyticsJobDefinition"}


def test_wildcard_resources_only_where_actions_take_none(
    resources: dict[str, Any],
) -> None:
    found = {
        (name, action)
        for name, resource in resources.items()
        if resource["Type"] == "AWS::IAM::Role"
        for statement in policies(resource)
        if "*" in as_list(statement["Resource"])
        for action in as_list(statement["Action"])
    }
    assert found == {
        *(("AnalyticsTriggerFunctionRole", action) for action in WITHOUT_RESOURCE),
        ("BatchServiceRole", "autoscaling:DescribeScalingActivities"),
    }
    reference = authorization_reference()
    for _, name in found:
        service, action = name.lower().split(":")
        assert not reference[service]["Actions"][action].get("Resources"), name


def test_batch_may_detect_a_blocked_queue(resources: dict[str, Any]) -> None:
    assert actions(resources["BatchServiceRole"]) == BLOCKED_QUEUE


def test_no_role_allows_an_action_by_a_pattern(resources: dict[str, Any]) -> None:
    for resource in resources.values():
        if resource["Type"] == "AWS::IAM::Role":
            assert not [action for action in actions(resource) if "*" in action]


def authorization_reference() -> dict[str, Any]:
    """Return the Service Authorization Reference, as cfn-lint bundles it."""
    data = resources_of("cfnlint.data.AdditionalSpecs").joinpath("Policies.json").read_text()
    return dict(json.loads(data))


#: The ARN's resource type of what a policy names by reference.
REFERENCED = {"AnalyticsJobQueue": "job-queue", "RefreshSlot": "consumable-resource"}


def resource_type(arn: dict[str, str]) -> str:
    """Return the resource type of an ARN in a policy, as the reference calls it."""
    if "Ref" in arn:
        return REFERENCED[arn["Ref"]]
    [kind] = re.findall(r":([a-z-]+)/", arn["Fn::Sub"])
    return str(kind)


def test_submit_job_names_every_resource_type(resources: dict[str, Any]) -> None:
    """A type that a statement leaves out denies the call where Batch checks it."""
    types = authorization_reference()["batch"]["Actions"]["submitjob"]["Resources"]
    [statement] = [
        statement
        for statement in policies(resources["AnalyticsTriggerFunctionRole"])
        if "batch:SubmitJob" in as_list(statement["Action"])
    ]
    granted = {resource_type(arn): arn for arn in as_list(statement["Resource"])}
    # A revision's ARN is one of its definition's, with a number.
    assert set(granted) == set(types) - {"job-definition-revision"}
    # Any revision: during a deployment the function still names the one before.
    name = resources["AnalyticsJobDefinition"]["Properties"]["JobDefinitionName"]["Fn::Sub"]
    assert granted["job-definition"]["Fn::Sub"].endswith(f":job-definition/{name}:*")


def test_eventbridge_publishes_without_a_condition(resources: dict[str, Any]) -> None:
    policy = resources["OperationsTopicPolicy"]["Properties"]["PolicyDocument"]
    [statement] = [
        statement
        for statement in policy["Statement"]
        if statement["Principal"] == {"Service": "events.amazonaws.com"}
    ]
    assert statement["Action"] == "sns:Publish"
    assert "Condition" not in statement


def test_trigger_may_do_exactly_what_it_calls(resources: dict[str, Any]) -> None:
    granted = actions(resources["AnalyticsTriggerFunctionRole"])
    # SAM adds the dead-letter queue's.
    assert granted - {"sqs:SendMessage"} == called_by("api/analytics/trigger.py", "batch")


def test_job_may_do_exactly_what_it_calls(resources: dict[str, Any]) -> None:
    source = (ROOT / "api/storage/s3.py").read_text()
    # Each method's permission: Amazon S3, "Required permissions for Amazon S3 API operations".
    needs = {
        "get_object": "s3:GetObject",
        "put_object": "s3:PutObject",
        "delete_objects": "s3:DeleteObject",
        "list_objects_v2": "s3:ListBucket",
    }
    used = {permission for method, permission in needs.items() if method in source}
    granted = actions(resources["BatchJobRole"])
    assert {action for action in granted if action.startswith("s3:")} == used
    assert {a for a in granted if not a.startswith("s3:")} == {"elasticfilesystem:ClientMount"}


def test_api_reads_analytics_but_cannot_write_them(resources: dict[str, Any]) -> None:
    granted = actions(resources["CocktailLambdaRole"])
    assert {action for action in granted if action.startswith("s3:")} == {
        "s3:GetObject",
        "s3:ListBucket",
    }
    assert "lambda:InvokeFunction" in granted


def test_objects_are_allowed_under_the_written_prefix(
    resources: dict[str, Any],
) -> None:
    job = resources["AnalyticsJobDefinition"]["Properties"]["ContainerProperties"]
    environment = {entry["Name"]: entry["Value"] for entry in job["Environment"]}
    for role in ("BatchJobRole", "CocktailLambdaRole"):
        scopes = [
            statement["Resource"]["Fn::Sub"]
            for statement in policies(resources[role])
            if "s3:GetObject" in as_list(statement["Action"])
        ]
        assert scopes == [f"${{AnalyticsBucket.Arn}}/{environment['ANALYTICS_PREFIX']}/*"]


def test_environment_names_are_settings(resources: dict[str, Any]) -> None:
    known = {name.upper() for name in Settings.model_fields}
    job = resources["AnalyticsJobDefinition"]["Properties"]["ContainerProperties"]
    names = {entry["Name"] for entry in job["Environment"]}
    # Read by boto3: no instance metadata reaches a container.
    assert names - {"AWS_DEFAULT_REGION"} <= known
    assert "AWS_DEFAULT_REGION" in names
    api = resources["CocktailLambda"]["Properties"]["Environment"]["Variables"]
    # Read by boto3, and by trigger_analytics_refresh() itself.
    beyond = {"AWS_ENDPOINT_URL_LAMBDA", "ANALYTICS_TRIGGER_FUNCTION"}
    assert set(api) - beyond <= known
    assert {"DB_NAME", "DB_PATH", "ANALYTICS_BUCKET", "ANALYTICS_TRIGGER_FUNCTION"} <= set(api)
    function = resources["AnalyticsTriggerFunction"]["Properties"]["Environment"]["Variables"]
    assert set(function) == {"BATCH_JOB_QUEUE", "BATCH_JOB_DEFINITION", "METRIC_STACK"}


def test_retry_patterns_have_wildcards_only_at_the_end(resources: dict[str, Any]) -> None:
    conditions = resources["AnalyticsJobDefinition"]["Properties"]["RetryStrategy"]
    for condition in conditions["EvaluateOnExit"]:
        for name, pattern in condition.items():
            assert name == "Action" or "*" not in pattern[:-1]
    assert len(conditions["EvaluateOnExit"]) <= 5


@pytest.mark.parametrize(
    ("status_reason", "exit_code", "reason", "action"),
    [
        ("Host EC2 (instance i-0123456789abcdef0) terminated.", None, None, "RETRY"),
        ("Essential container in task exited", 143, None, "RETRY"),
        ("Essential container in task exited", 137, None, "RETRY"),
        (
            "Essential container in task exited",
            137,
            "OutOfMemoryError: Container killed due to memory usage",
            "EXIT",
        ),
        ("Essential container in task exited", 1, None, "EXIT"),
        ("Task failed to start", None, "CannotPullContainerError: i/o timeout", "RETRY"),
    ],
)
def test_only_interrupted_jobs_are_retried(
    resources: dict[str, Any],
    status_reason: str,
    exit_code: int | None,
    reason: str | None,
    action: str,
) -> None:
    strategy = resources["AnalyticsJobDefinition"]["Properties"]["RetryStrategy"]
    seen = {
        "OnStatusReason": status_reason,
        "OnExitCode": None if exit_code is None else str(exit_code),
        "OnReason": reason,
    }

    def fits(pattern: str, value: str | None) -> bool:
        if value is None:
            return False
        return value.startswith(pattern[:-1]) if pattern.endswith("*") else value == pattern

    # AWS Batch API Reference, "EvaluateOnExit": where none matches, the job is retried.
    decided = next(
        (
            condition["Action"]
            for condition in strategy["EvaluateOnExit"]
            if all(fits(p, seen[n]) for n, p in condition.items() if n != "Action")
        ),
        "RETRY",
    )
    assert decided == action
    assert strategy["Attempts"] == 3


def test_job_is_what_the_plan_says(resources: dict[str, Any]) -> None:
    job = resources["AnalyticsJobDefinition"]["Properties"]
    container = job["ContainerProperties"]
    needs = {entry["Type"]: entry["Value"] for entry in container["ResourceRequirements"]}
    assert needs == {"VCPU": "2", "MEMORY": "2048"}
    assert job["Timeout"] == {"AttemptDurationSeconds": 3600}
    assert container["LogConfiguration"]["LogDriver"] == "awslogs"
    assert resources["BatchLogGroup"]["Properties"]["RetentionInDays"] == 14
    [mount] = container["MountPoints"]
    assert (mount["ContainerPath"], mount["ReadOnly"]) == ("/mnt/efs", True)


ENVIRONMENTS = {
    "AnalyticsComputeEnvironment": ("SPOT", "SPOT_PRICE_CAPACITY_OPTIMIZED"),
    "AnalyticsOnDemandEnvironment": ("EC2", "BEST_FIT_PROGRESSIVE"),
}


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_every_instance_type_fits_the_job(resources: dict[str, Any], name: str) -> None:
    compute = resources[name]["Properties"]["ComputeResources"]
    assert (compute["Type"], compute["AllocationStrategy"]) == ENVIRONMENTS[name]
    assert (compute["MinvCpus"], compute["MaxvCpus"]) == (0, 8)
    families = set()
    for instance_type in compute["InstanceTypes"]:
        family, size = instance_type.split(".")
        families.add(family)
        # The whole of an instance's memory is never the job's: the system and ECS need some.
        assert VCPUS[size] >= 2
        assert VCPUS[size] * MEMORY_PER_VCPU[family] > 2048
    assert families == set(MEMORY_PER_VCPU)


def test_on_demand_is_behind_spot(resources: dict[str, Any]) -> None:
    order = resources["AnalyticsJobQueue"]["Properties"]["ComputeEnvironmentOrder"]
    assert [entry["ComputeEnvironment"]["Ref"] for entry in order] == list(ENVIRONMENTS)
    assert [entry["Order"] for entry in order] == [1, 2]


def test_queue_cancels_jobs_that_cannot_start(resources: dict[str, Any]) -> None:
    limits = resources["AnalyticsJobQueue"]["Properties"]["JobStateTimeLimitActions"]
    assert {limit["Reason"] for limit in limits} == {
        # AWS Batch User Guide, "Jobs stuck in a RUNNABLE status".
        "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY",
        "MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE",
        "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT",
    }
    for limit in limits:
        assert (limit["State"], limit["Action"]) == ("RUNNABLE", "CANCEL")
        assert 600 <= limit["MaxTimeSeconds"] <= 86400


def test_blocked_queue_sends_a_message(resources: dict[str, Any]) -> None:
    rule = resources["AnalyticsQueueBlockedRule"]["Properties"]
    assert rule["EventPattern"] == {
        "source": ["aws.batch"],
        "detail-type": ["Batch Job Queue Blocked"],
        "detail": {"jobQueue": [{"Ref": "AnalyticsJobQueue"}]},
    }
    assert rule["Targets"][0]["Arn"] == {"Ref": "OperationsTopic"}


def test_stale_alarm_reads_the_triggers_metric(
    template: dict[str, Any], resources: dict[str, Any]
) -> None:
    alarm = resources["AnalyticsStaleAlarm"]["Properties"]
    [metric] = [entry["MetricStat"] for entry in alarm["Metrics"] if "MetricStat" in entry]
    assert metric["Metric"]["Namespace"] == trigger.METRIC_NAMESPACE
    assert metric["Metric"]["MetricName"] == trigger.METRIC
    [dimension] = metric["Metric"]["Dimensions"]
    function = resources["AnalyticsTriggerFunction"]["Properties"]
    assert dimension == {
        "Name": "Stack",
        "Value": function["Environment"]["Variables"]["METRIC_STACK"],
    }
    # Nobody watching is as bad as a stale snapshot.
    assert alarm["TreatMissingData"] == "breaching"
    watch = resources["AnalyticsTriggerFunctionWatch"]["Properties"]
    assert watch["ScheduleExpression"] == "rate(15 minutes)"
    assert json.loads(watch["Targets"][0]["Input"]) == {"watch": True}
    # The queue's own remedy comes first.
    limits = resources["AnalyticsJobQueue"]["Properties"]["JobStateTimeLimitActions"]
    longest = max(limit["MaxTimeSeconds"] for limit in limits)
    assert template["Parameters"]["StaleAfterHours"]["MinValue"] * 3600 > longest


def test_older_revision_survives_a_deployment(resources: dict[str, Any]) -> None:
    definition = resources["AnalyticsJobDefinition"]["Properties"]
    assert definition["ResourceRetentionPolicy"] == {"SkipDeregisterOnUpdate": True}


def test_ipv6_routes_wait_for_the_block(resources: dict[str, Any]) -> None:
    for name, resource in resources.items():
        if "DestinationIpv6CidrBlock" in resource.get("Properties", {}):
            assert "VPCIpv6Block" in as_list(resource["DependsOn"]), name


def test_flow_logs_are_made_on_request(resources: dict[str, Any]) -> None:
    made = {name for name, item in resources.items() if item.get("Condition") == "HasFlowLogs"}
    assert made == {"NetworkFlowLog", "NetworkFlowLogGroup", "NetworkFlowLogRole"}


def test_every_api_is_throttled_and_logged(resources: dict[str, Any]) -> None:
    stages = {
        item["Properties"]["ApiId"]["Ref"]: item["Properties"]
        for item in resources.values()
        if item["Type"] == "AWS::ApiGatewayV2::Stage"
    }
    apis = {name for name, item in resources.items() if item["Type"] == "AWS::ApiGatewayV2::Api"}
    assert set(stages) == apis == {"CocktailApi", "JwksApi"}
    for name in apis:
        # Created with a target, an API gets a stage of its own that no template reaches.
        assert "Target" not in resources[name]["Properties"]
        assert stages[name]["DefaultRouteSettings"]["ThrottlingRateLimit"] <= 50
        assert stages[name]["AccessLogSettings"]["DestinationArn"]


def test_no_password_goes_through_our_pages(resources: dict[str, Any]) -> None:
    client = resources["CocktailUserPoolClient"]["Properties"]
    assert "ALLOW_USER_PASSWORD_AUTH" not in client["ExplicitAuthFlows"]
    # A client without a secret: Cognito takes a code from it with PKCE.
    assert client["GenerateSecret"] is False
    assert client["AllowedOAuthFlows"] == ["code"]
    assert resources["CocktailUserPoolDomain"]["Properties"]["UserPoolId"] == client["UserPoolId"]


def test_page_exchanges_codes_at_its_own_origin(resources: dict[str, Any]) -> None:
    variables = resources["CocktailLambda"]["Properties"]["Environment"]["Variables"]
    sign_in = variables["AUTH_SIGN_IN_URL"]["Fn::Sub"]
    integration = resources["SignInTokenIntegration"]["Properties"]
    assert integration["IntegrationUri"]["Fn::Sub"] == f"{sign_in}/oauth2/token"
    assert resources["SignInTokenRoute"]["Properties"]["RouteKey"] == "POST /sign-in/token"
    # Cognito compares the whole address that the page names.
    client = resources["CocktailUserPoolClient"]["Properties"]
    assert client["CallbackURLs"] == [{"Fn::Sub": "${CocktailApi.ApiEndpoint}/"}]


def test_prod_requires_a_second_factor(resources: dict[str, Any]) -> None:
    pool = resources["CocktailUserPool"]["Properties"]
    assert pool["MfaConfiguration"] == {"Fn::If": ["IsProd", "ON", "OPTIONAL"]}
    assert pool["EnabledMfas"] == ["SOFTWARE_TOKEN_MFA"]


def test_uploaded_database_does_not_linger(resources: dict[str, Any]) -> None:
    rules = resources["AnalyticsBucket"]["Properties"]["LifecycleConfiguration"]["Rules"]
    [rule] = [rule for rule in rules if rule.get("Prefix") == "install/"]
    assert rule["Status"] == "Enabled"
    assert rule["ExpirationInDays"] == 1
    assert rule["NoncurrentVersionExpiration"] == {"NoncurrentDays": 1}
    assert "s3:DeleteObjectVersion" in actions(resources["InstallDatabaseFunctionRole"])


def test_trigger_has_the_plans_memory(resources: dict[str, Any]) -> None:
    assert resources["AnalyticsTriggerFunction"]["Properties"]["MemorySize"] == 128


def test_template_has_no_aliases() -> None:
    """AWS CloudFormation User Guide, "Template formats": aliases are not supported."""
    tokens = yaml.scan(TEMPLATE.read_text())
    assert not [t for t in tokens if isinstance(t, yaml.AnchorToken | yaml.AliasToken)]


def test_access_point_sets_root_and_job_may_mount(
    resources: dict[str, Any],
) -> None:
    container = resources["AnalyticsJobDefinition"]["Properties"]["ContainerProperties"]
    [volume] = container["Volumes"]
    efs = volume["EfsVolumeConfiguration"]
    # AWS Batch API Reference, "EFSAuthorizationConfig".
    assert efs.get("RootDirectory", "/") == "/"
    assert efs["TransitEncryption"] == "ENABLED"
    assert efs["AuthorizationConfig"]["Iam"] == "ENABLED"
    assert container["JobRoleArn"] == {"Fn::GetAtt": ["BatchJobRole", "Arn"]}


def test_image_tag_is_never_latest(template: dict[str, Any], resources: dict[str, Any]) -> None:
    image = resources["AnalyticsJobDefinition"]["Properties"]["ContainerProperties"]["Image"]
    assert image["Fn::Sub"].endswith(":${AnalyticsImageTag}")
    assert template["Parameters"]["AnalyticsImageTag"]["Default"] != "latest"
    repository = resources["AnalyticsECRRepository"]["Properties"]
    assert repository["ImageTagMutability"] == "IMMUTABLE"


def test_nothing_is_billed_hourly_by_default(
    template: dict[str, Any], resources: dict[str, Any]
) -> None:
    hourly = {"AWS::EC2::NatGateway", "AWS::EC2::EIP", "AWS::EC2::Instance", "AWS::KMS::Key"}
    assert template["Parameters"]["NetworkMode"]["Default"] == "OnDemand"
    for name, resource in resources.items():
        if resource["Type"] in hourly:
            assert resource.get("Condition") == "HasNat", name
        if resource["Type"] == "AWS::EC2::VPCEndpoint":
            assert resource["Properties"]["VpcEndpointType"] == "Gateway"


def test_bucket_is_encrypted_versioned_private_and_tls_only(resources: dict[str, Any]) -> None:
    bucket = resources["AnalyticsBucket"]["Properties"]
    assert bucket["BucketEncryption"]
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    [statement] = resources["AnalyticsBucketPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    assert statement["Effect"] == "Deny"
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_lost_triggers_and_failed_jobs_are_reported(resources: dict[str, Any]) -> None:
    invoke = resources["AnalyticsTriggerFunctionEventInvokeConfig"]["Properties"]
    assert "AnalyticsTriggerDeadLetters" in json.dumps(invoke["DestinationConfig"]["OnFailure"])
    pattern = resources["AnalyticsJobFailedRule"]["Properties"]["EventPattern"]
    assert pattern["detail"]["status"] == ["FAILED"]
    for alarm in ("AnalyticsJobFailedAlarm", "AnalyticsTriggerLostAlarm"):
        assert resources[alarm]["Properties"]["AlarmActions"] == [{"Ref": "OperationsTopic"}]


def test_instances_give_credentials_to_no_container(resources: dict[str, Any]) -> None:
    data = resources["BatchLaunchTemplate"]["Properties"]["LaunchTemplateData"]
    assert data["MetadataOptions"] == {"HttpTokens": "required", "HttpPutResponseHopLimit": 1}


def test_no_security_group_admits_anything_but_nfs(resources: dict[str, Any]) -> None:
    for name, resource in resources.items():
        if resource["Type"] == "AWS::EC2::SecurityGroup":
            assert "SecurityGroupIngress" not in resource["Properties"], name
        if resource["Type"] == "AWS::EC2::SecurityGroupIngress":
            properties = resource["Properties"]
            assert (properties["FromPort"], properties["ToPort"]) == (2049, 2049)
            assert "SourceSecurityGroupId" in properties


def test_function_waits_for_the_file_system_it_mounts(resources: dict[str, Any]) -> None:
    assert {"MountTarget", "MountTargetB"} <= set(resources["CocktailLambda"]["DependsOn"])


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_samconfig_names_the_stacks_the_script_uses(
    environment: str, template: dict[str, Any]
) -> None:
    config = tomllib.loads((ROOT / "samconfig.toml").read_text())
    deploy = config[environment]["deploy"]["parameters"]
    assert deploy["stack_name"] == f"cocktail-db-{environment}"
    assert deploy["region"] == "us-east-1"
    given = dict(pair.split("=") for pair in deploy["parameter_overrides"].split())
    assert given["Environment"] == environment
    assert set(given) <= set(template["Parameters"])
    # The makefile's targets read the tree that they stand in.
    assert config[environment]["build"]["parameters"]["build_in_source"] is True


def test_handlers_are_modules_of_the_packages(template: dict[str, Any]) -> None:
    for name in ("CocktailLambda", "AnalyticsTriggerFunction", "InstallDatabaseFunction"):
        module, _, function = template["Resources"][name]["Properties"]["Handler"].rpartition(".")
        source = ROOT / f"{module.replace('.', '/')}.py"
        defined = {
            target
            for node in ast.parse(source.read_text()).body
            for target in (
                [node.name]
                if isinstance(node, ast.FunctionDef)
                else [t.id for t in getattr(node, "targets", []) if isinstance(t, ast.Name)]
                + (
                    [node.target.id]
                    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
                    else []
                )
            )
        }
        assert function in defined, f"{source} has no {function}"
