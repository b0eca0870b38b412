"""Asking AWS for a refresh, from code whose own work must not suffer when that fails."""

import json
import logging
import threading
from typing import TYPE_CHECKING

from api.extras import requires_extra
from api.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

logger = logging.getLogger(__name__)

#: Somebody who saves a recipe waits for this call: at most about 12 s when AWS hangs, two tries of
#: 2 s to connect and 4 s to be answered, and a few hundredths of a second otherwise.
_CONNECT_TIMEOUT, _READ_TIMEOUT, _ATTEMPTS = 2.0, 4.0, 2

_lambda_client: "LambdaClient | None" = None
#: boto3 makes clients from one default session, which is not to be used by two threads at once.
_lambda_client_lock = threading.Lock()


def _lambda() -> "LambdaClient":
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
    """Ask the trigger function for a refresh, without waiting for what comes of it.

    The function named by ``ANALYTICS_TRIGGER_FUNCTION`` is invoked asynchronously: Lambda keeps
    the event, tries it again if it fails, and in the end puts it into the dead-letter queue. Never
    raises: a recipe that was saved stays saved although nobody could be told.

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
        _lambda().invoke(
            FunctionName=function,
            InvocationType="Event",
            # Tells the handler that only an exception makes Lambda try again.
            Payload=json.dumps({"asynchronous": True}).encode(),
        )
    except Exception:
        logger.warning(
            "the analytics refresh was not triggered; the analytics stay as they are until the "
            "next write, or: scripts/trigger-analytics-refresh.sh",
            exc_info=True,
        )
        return False
    logger.info("analytics refresh triggered through %s", function)
    return True
