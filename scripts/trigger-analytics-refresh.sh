#!/usr/bin/env bash
# Triggers the analytics refresh of a deployed stack, and waits for it on request.
#
#   scripts/trigger-analytics-refresh.sh [dev|prod] [--wait]
#
# The stack is cocktail-db-<dev|prod>, dev by default; the region is AWS_REGION, AWS_DEFAULT_REGION or
# us-east-1. The job's id alone goes to stdout, everything else to stderr. Exit code 0: triggered, or
# with --wait: the job has succeeded; 1: not; 2: wrong arguments.
# Needs the AWS CLI, version 1 or 2, and python3.
set -euo pipefail

# How often --wait polls, in seconds, and how many lines of the log it shows.
poll_seconds=${TRIGGER_POLL_SECONDS:-10}
tail_lines=50

say() { printf '%s\n' "$*" >&2; }
fail() {
    say "Error: $*"
    exit 1
}
usage() {
    say "Usage: ${0##*/} [dev|prod] [--wait]"
    exit 2
}

environment=''
wait=false
for argument in "$@"; do
    case $argument in
        dev | prod)
            [ -z "$environment" ] || usage
            environment=$argument
            ;;
        --wait) wait=true ;;
        *)
            say "Error: '$argument' is neither dev, prod nor --wait."
            usage
            ;;
    esac
done
environment=${environment:-dev}
stack=cocktail-db-$environment
region=${AWS_REGION:-${AWS_DEFAULT_REGION:-us-east-1}}

for tool in aws python3; do
    command -v "$tool" >/dev/null || fail "$tool was not found: install it, or add it to PATH."
done
cloud() { AWS_PAGER='' aws --region "$region" "$@"; }

say "Triggering the analytics refresh of $stack in $region ..."
function=$(
    cloud cloudformation describe-stacks --stack-name "$stack" --output text \
        --query "Stacks[0].Outputs[?OutputKey=='AnalyticsTriggerFunctionArn'].OutputValue"
) || fail "stack $stack could not be read. Is it deployed in $region? See docs/deployment.md"
if [ -z "$function" ] || [ "$function" = None ]; then
    fail "stack $stack has no output AnalyticsTriggerFunctionArn. Deploy the current template.yaml."
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# fileb:// means these very bytes to both versions of the CLI; they differ over a payload given as text.
printf '{}' >"$work/payload.json"
outcome=$(
    cloud lambda invoke --function-name "$function" --invocation-type RequestResponse \
        --payload "fileb://$work/payload.json" --output text --query '[StatusCode, FunctionError]' \
        "$work/answer.json"
) || fail "the trigger function could not be invoked."
read -r status function_error <<<"$outcome"
if [ "$status" != 200 ] || [ "$function_error" != None ]; then
    say "$(cat "$work/answer.json")"
    fail "the trigger function failed: status $status, FunctionError $function_error."
fi

job=$(python3 -c '
import json, sys

text = open(sys.argv[1], encoding="utf-8").read()
try:
    answer = json.loads(text)
    body = json.loads(answer["body"])
    status = answer["statusCode"]
    if status == 200:
        print(body["message"] + ".", file=sys.stderr)
        print(body["jobId"])
    else:
        sys.exit("Error: the trigger answered {}: {} ({})".format(
            status, body.get("error"), body.get("details")))
except (ValueError, KeyError, TypeError, AttributeError):
    sys.exit("Error: the trigger gave an unexpected answer: " + text)
' "$work/answer.json") || exit 1
say "Job queue: $stack-analytics"
printf '%s\n' "$job"
$wait || exit 0

seen=''
failures=0
while true; do
    # One failed request does not end a wait of many minutes.
    if ! look=$(
        cloud batch describe-jobs --jobs "$job" --output text \
            --query 'jobs[0].[status, container.logStreamName, statusReason]'
    ); then
        failures=$((failures + 1))
        [ "$failures" -lt 3 ] || fail "job $job could not be read; it may go on all the same."
        sleep "$poll_seconds"
        continue
    fi
    failures=0
    IFS=$'\t' read -r state stream reason <<<"$look"
    if [ "$state" != "$seen" ]; then
        say "$(date -u +%H:%M:%S) $state"
        seen=$state
    fi
    case $state in
        SUCCEEDED | FAILED) break ;;
        None | '') fail "Job $job was not found." ;;
    esac
    sleep "$poll_seconds"
done

if [ "${stream:-None}" != None ]; then
    definition=$(
        cloud batch describe-jobs --jobs "$job" --output text --query 'jobs[0].jobDefinition'
    ) && group=$(
        cloud batch describe-job-definitions --job-definitions "$definition" --output text --query \
            'jobDefinitions[0].containerProperties.logConfiguration.options."awslogs-group"'
    ) || group=unknown
    say "The end of its log ($group $stream):"
    cloud logs get-log-events --log-group-name "$group" --log-stream-name "$stream" \
        --limit "$tail_lines" --output text --query 'events[].[message]' >&2 ||
        say "The log could not be read."
fi
[ "$state" = SUCCEEDED ] || fail "job $job FAILED${reason:+: $reason}"
say "Job $job SUCCEEDED."
