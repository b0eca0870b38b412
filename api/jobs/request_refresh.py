"""Asking for a refresh after a write, wherever the application runs."""

import logging
from dataclasses import dataclass
from typing import Literal

from api.jobs.local_queue import LocalQueue
from api.settings import Settings
from api.utils.analytics_helpers import trigger_analytics_refresh

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class RefreshRequest:
    """How a refresh was asked for.

    Attributes
    ----------
    via
        ``lambda`` where ``ANALYTICS_TRIGGER_FUNCTION`` names the trigger function, else
        ``local-queue``; ``none`` if asking failed, which the log explains.
    job_id
        The job that will refresh; None if it is not known here: the trigger function is not
        waited for.
    absorbed
        Whether that job waited already; None if it is not known here.
    """

    via: Literal["lambda", "local-queue", "none"]
    job_id: str | None = None
    absorbed: bool | None = None


def request_refresh(settings: Settings | None = None) -> RefreshRequest:
    """Ask for a refresh that reads the database later than now. Never raises.

    Call it after the write is committed: a refresh that is under way already may have read the
    database before, so the request then leads to one more.

    Parameters
    ----------
    settings
        By default those of the environment.
    """
    try:
        settings = settings or Settings()
        if settings.analytics_trigger_function is not None:
            return RefreshRequest("lambda" if trigger_analytics_refresh(settings) else "none")
        submission = LocalQueue(settings.refresh_queue).submit()
    except Exception:
        logger.warning(
            "no refresh was asked for; the analytics stay as they are until the next write, or: "
            "cocktaildb refresh",
            exc_info=True,
        )
        return RefreshRequest("none")
    return RefreshRequest("local-queue", submission.job.job_id, submission.absorbed)
