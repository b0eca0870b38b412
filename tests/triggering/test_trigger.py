"""The trigger Lambda's handler with real boto3, over HTTP, against moto's AWS Batch."""

import json
import logging
import time
from typing import Any

import boto3
import pytest

from api.analytics import trigger
from api.analytics.trigger import lambda_handler


def _trigger(event: Any = None) -> dict[str, str]:
    response = lambda_handler(event, None)
    assert response["statusCode"] == 200, response
    body: dict[str, str] = json.loads(response["body"])
    assert set(body) == {"message", "jobId", "jobArn"}
    return body


def test_the_job_is_submitted(batch: Any, caplog: pytest.LogCaptureFixture) -> None:
    body = _trigger({})
    assert body["message"] == "Analytics Batch job submitted"
    (described,) = batch.client.describe_jobs(jobs=[body["jobId"]])["jobs"]
    assert described["jobName"] == "analytics-refresh"
    assert described["jobArn"] == body["jobArn"]
    assert described["jobQueue"] == batch.queue
    assert described["jobDefinition"] == batch.definition
    assert (logging.INFO, f"Analytics Batch job submitted: {body['jobId']}") in [
        (record.levelno, record.message) for record in caplog.records
    ]


@pytest.mark.parametrize("status", ["SUBMITTED", "PENDING", "RUNNABLE"])
def test_a_waiting_job_absorbs(batch: Any, status: str) -> None:
    job_id = batch.submit(status=status)
    (described,) = batch.client.describe_jobs(jobs=[job_id])["jobs"]
    for _ in range(3):
        assert _trigger() == {
            "message": "Analytics refresh already waiting",
            "jobId": job_id,
            "jobArn": described["jobArn"],
        }
    assert batch.jobs() == {job_id: status}


@pytest.mark.parametrize("status", ["STARTING", "RUNNING"])
def test_a_running_job_allows_exactly_one_follow_up(batch: Any, status: str) -> None:
    """STARTING too: its process may have begun before Batch knows."""
    running = batch.submit(status=status)
    follow_up = _trigger()["jobId"]
    assert follow_up != running
    batch.move(follow_up, "RUNNABLE")
    for _ in range(3):
        assert _trigger()["jobId"] == follow_up
    assert batch.jobs() == {running: status, follow_up: "RUNNABLE"}

    batch.move(running, "SUCCEEDED")
    assert _trigger()["jobId"] == follow_up
    batch.move(follow_up, "RUNNING")
    assert _trigger()["jobId"] not in (running, follow_up)


@pytest.mark.parametrize("status", ["SUCCEEDED", "FAILED"])
def test_an_ended_job_absorbs_nothing(batch: Any, status: str) -> None:
    ended = batch.submit(status=status)
    assert _trigger()["jobId"] != ended


def test_an_interrupted_job_absorbs_again(batch: Any) -> None:
    """After a Spot interruption it goes back to RUNNABLE, and will read the database anew."""
    job_id = batch.submit(status="RUNNING")
    batch.move(job_id, "RUNNABLE")
    assert _trigger()["jobId"] == job_id


def test_job_started_after_listing_absorbs_nothing(
    batch: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = batch.submit(status="RUNNABLE")
    list_waiting = trigger._list_waiting

    def then_it_starts(queue: str) -> set[str]:
        listed = list_waiting(queue)
        assert listed == {job_id}
        batch.move(job_id, "RUNNING")
        return listed

    monkeypatch.setattr(trigger, "_list_waiting", then_it_starts)
    assert _trigger()["jobId"] != job_id


def test_job_moving_between_lists_is_found(batch: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    job_id = batch.submit(status="SUBMITTED")
    client = trigger._batch()

    def onward(params: dict[str, Any], **_: object) -> None:
        # Just before each list is asked for, the job leaves the state that the list is of, except
        # for the last one that it waits in.
        following = {"SUBMITTED": "PENDING", "PENDING": "RUNNABLE"}
        asked = json.loads(params["body"])["jobStatus"]
        if asked in following:
            batch.move(job_id, following[asked])

    client.meta.events.register("before-call.batch.ListJobs", onward)
    assert _trigger()["jobId"] == job_id


def test_lagging_list_does_not_hide_last_submission(
    batch: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = _trigger()["jobId"]
    monkeypatch.setattr(trigger, "_list_waiting", lambda queue: set())
    assert _trigger()["jobId"] == first
    batch.move(first, "RUNNING")
    assert _trigger()["jobId"] != first


def test_lists_are_read_to_their_last_page(batch: Any) -> None:
    """Strangers' jobs fill the first pages, one a page; ours is on the last."""
    for number in range(5):
        batch.submit(name=f"another-{number}", status="RUNNABLE")
    ours = batch.submit(status="RUNNABLE")
    assert _trigger()["jobId"] == ours


def test_more_jobs_than_batch_describes_at_once(batch: Any) -> None:
    assert trigger._DESCRIBE_LIMIT == 100  # AWS's limit
    ids = [batch.submit(status="RUNNABLE") for _ in range(130)]
    assert set(trigger._describe(ids, batch.definition)) == set(ids)
    assert _trigger()["jobId"] in ids


def test_job_of_older_deployment_does_not_absorb(
    batch: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    older = batch.submit(status="RUNNABLE")
    monkeypatch.setenv("BATCH_JOB_DEFINITION", batch.define())
    newer = _trigger()["jobId"]
    assert newer != older
    assert _trigger()["jobId"] == newer


def test_a_state_that_is_not_known_absorbs_nothing(batch: Any) -> None:
    details = {"a": {"status": "NEWLY_INVENTED"}, "b": {"status": "RUNNABLE"}}
    assert [job.job_id for job in trigger._jobs(details)] == ["b"]


def _fails(monkeypatch: pytest.MonkeyPatch, how: str) -> str:
    if how == "unset":
        monkeypatch.delenv("BATCH_JOB_QUEUE")
        return "BATCH_JOB_QUEUE and BATCH_JOB_DEFINITION"
    if how == "queue":
        monkeypatch.setenv("BATCH_JOB_DEFINITION", "missing")
        return "missing"
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    return "127.0.0.1:9"


@pytest.mark.parametrize("how", ["unset", "queue", "unreachable"])
@pytest.mark.parametrize("event", [{}, None, [], "text", {"asynchronous": False}])
def test_a_failure_is_a_500_with_details(
    batch: Any, monkeypatch: pytest.MonkeyPatch, how: str, event: Any
) -> None:
    expected = _fails(monkeypatch, how)
    response = lambda_handler(event, None)
    assert response["statusCode"] == 500
    body = json.loads(response["body"])
    assert set(body) == {"error", "details"}
    assert body["error"] == "Failed to submit analytics Batch job"
    assert expected in body["details"]
    assert batch.jobs() == {}


@pytest.mark.parametrize("how", ["unset", "queue", "unreachable"])
def test_a_failure_of_an_asynchronous_event_is_raised(
    batch: Any, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """Only then does Lambda try it again, and in the end put it into the dead-letter queue."""
    expected = _fails(monkeypatch, how)
    with pytest.raises(Exception, match=expected):
        lambda_handler({"asynchronous": True}, None)


def test_the_client_is_made_once(batch: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    make = boto3.client

    def counted(*arguments: Any, **options: Any) -> Any:
        made.append(arguments)
        return make(*arguments, **options)

    monkeypatch.setattr(boto3, "client", counted)
    _trigger()
    _trigger()
    assert made == [("batch",)]


def _watch(batch: Any) -> float:
    response = lambda_handler({"watch": True}, None)
    assert response["statusCode"] == 200, response
    age: float = json.loads(response["body"])["age"]
    return age


def test_watch_submits_nothing(batch: Any) -> None:
    assert _watch(batch) == 0.0
    assert batch.jobs() == {}


def test_watch_records_age_of_a_stuck_job(
    batch: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("METRIC_STACK", "cocktail-db-dev")
    batch.submit(status="RUNNABLE")
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 7 * 3600)
    age = _watch(batch)
    assert age == pytest.approx(7 * 3600, abs=60)

    line = json.loads(capsys.readouterr().out)
    [directive] = line["_aws"]["CloudWatchMetrics"]
    assert directive["Namespace"] == "CocktailDB"
    assert directive["Metrics"] == [{"Name": "UnansweredRequestAge", "Unit": "Seconds"}]
    assert directive["Dimensions"] == [["Stack"]]
    assert line["Stack"] == "cocktail-db-dev"
    assert line["UnansweredRequestAge"] == age
    assert line["_aws"]["Timestamp"] == round((now + 7 * 3600) * 1000)


def test_watch_forgets_a_request_once_published(batch: Any) -> None:
    batch.submit(status="SUCCEEDED")
    assert _watch(batch) == 0.0


def test_watch_remembers_a_failed_job(batch: Any) -> None:
    batch.submit(status="FAILED")
    time.sleep(0.05)
    assert _watch(batch) > 0.0


def test_watch_that_fails_answers_500(batch: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """No metric then: the alarm takes missing data for a breach."""
    _fails(monkeypatch, "unreachable")
    assert lambda_handler({"watch": True}, None)["statusCode"] == 500
