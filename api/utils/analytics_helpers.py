"""Asking AWS for a refresh, from code whose own work must not suffer when that fails."""

import json
import logging
import threading
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from api.extras import requires_extra
from api.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

logger = logging.getLogger(__name__)

#: Somebody who saves a recipe waits for this call, but never longer than this many seconds. It
#: takes a few hundredths of a second while AWS answers.
MAX_WAIT_SECONDS = 2.0

#: What the call itself may take, so that its thread ends soon after nobody waits for it any more.
_CONNECT_TIMEOUT, _READ_TIMEOUT, _ATTEMPTS = 1.0, 1.0, 2

_lambda_client: "LambdaClient | None" = None
#: boto3 makes clients from one default session, which is not to be used by two threads at once.
_lambda_client_lock = threading.Lock()


def prepare_client() -> "LambdaClient":
    """Return the Lambda client, made once in a process: making it takes longer than the call."""
    global _lambda_client
    # Here, not above: boto3 is slow to import, and comes with the extra `aws` only.
    with requires_extra("aws", "ANALYTICS_TRIGGER_FUNCTION"):
        import boto3
        from botocore.config import Config
    with _lambda_client_lock:
        if _lambda_client is None:
            config = Config(
                connect_timeout=_CONNECT_TIMEOUT,
                read_timeout=_READ_TIMEOUT,
                retries={"total_max_attempts": _ATTEMPTS, "mode": "standard"},
            )
            _lambda_client = boto3.client("lambda", config=config)
        return _lambda_client


def trigger_analytics_refresh(settings: Settings | None = None) -> bool:
    """Ask the trigger function for a refresh, without waiting for the refresh.

    The function named by ``ANALYTICS_TRIGGER_FUNCTION`` is invoked asynchronously: Lambda keeps
    the event, tries it again if it fails, and in the end puts it into the dead-letter queue. Never
    raises, and returns within 2 s: a recipe that was saved stays saved although no refresh could be
    requested.

    Parameters
    ----------
    settings
        By default those of the environment.

    Returns
    -------
    bool
        Whether AWS has accepted the event. False if the call failed, which is logged as a warning,
        or if no function is named, which is logged for debugging only.
    """
    try:
        function = (settings or Settings()).analytics_trigger_function
        if function is None:
            logger.debug("ANALYTICS_TRIGGER_FUNCTION is not set: no refresh is triggered")
            return False
        # First the client: making it takes this process's time, not AWS's.
        invoke = partial(_invoke, prepare_client(), function)
        _call_within(MAX_WAIT_SECONDS, invoke)
    except Exception:
        logger.warning(
            "the analytics refresh was not triggered; the analytics stay as they are until the "
            "next write, or: scripts/trigger-analytics-refresh.sh",
            exc_info=True,
        )
        return False
    logger.info("analytics refresh triggered through %s", function)
    return True


def _invoke(client: "LambdaClient", function: str) -> None:
    client.invoke(
        FunctionName=function,
        InvocationType="Event",
        # Only an exception of the handler makes Lambda try again.
        Payload=json.dumps({"asynchronous": True}).encode(),
    )


def _call_within(seconds: float, call: Callable[[], None]) -> None:
    """Call in a thread, and raise what it raises, or TimeoutError if it takes longer.

    Timeouts of a socket do not add up to a limit: they count anew for each address and each read,
    and looking up a name has none at all.
    """
    raised: list[Exception] = []

    def run() -> None:
        try:
            call()
        except Exception as error:
            raised.append(error)

    thread = threading.Thread(target=run, name="trigger-analytics-refresh", daemon=True)
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        raise TimeoutError(f"AWS Lambda has not answered within {seconds:g} s; it may yet accept")
    if raised:
        raise raised[0]
