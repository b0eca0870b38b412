"""The application on AWS Lambda, behind an API Gateway HTTP API.

Three things differ from a server:

- Each instance serves one request at a time and counts by itself, so API Gateway's throttling
  limits the rates.
- API Gateway decides which host names lead here, so any is accepted unless ALLOWED_HOSTS is set.
- A response may have 6 MB, including base64. Analytics are sent as gzip, a fifth of their size; a
  response that is still too large is replaced by a problem document, where Lambda itself would
  answer 502 without a reason.
  https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
"""

import gc
import json
import logging
from typing import Any

from mangum import Mangum

from api.http.app import create_app
from api.http.hosts import ANY
from api.http.models.common import PROBLEM_MEDIA_TYPE, ProblemBody
from api.http.network import prefer_ipv6
from api.http.rate_limits import OFF
from api.settings import Settings

logger = logging.getLogger(__name__)
# The Lambda runtime's own handler writes to CloudWatch; the root logger's level hides INFO.
logging.getLogger("api").setLevel(logging.INFO)

#: Lambda's limit on a synchronous response, less room for headers and the JSON around the body.
MAX_RESPONSE_BYTES = 6 * 1024 * 1024 - 64 * 1024

# Before anything connects: the function has no other way out than IPv6.
prefer_ipv6()

_settings = Settings(rate_limit=OFF, rate_limit_writes=OFF)
# Created while the instance starts, when the processor is not throttled. No lifespan: an instance
# is frozen and thawed, and ends without notice.
_handle = Mangum(
    create_app(_settings.model_copy(update={"allowed_hosts": _settings.allowed_hosts or (ANY,)})),
    lifespan="off",
    text_mime_types=["text/", "application/json", "application/problem+json"],
)
# What was made until here stays: garbage collections need not look at it.
gc.freeze()


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answer an API Gateway event (payload format 2.0)."""
    response: dict[str, Any] = _handle(event, context)
    return within_limit(response)


def within_limit(response: dict[str, Any]) -> dict[str, Any]:
    """Return ``response``, or a problem document if Lambda could not deliver it."""
    # The runtime encodes the response as JSON, where quotes and letters beyond ASCII take more.
    size = len(json.dumps(response.get("body", "")))
    if size <= MAX_RESPONSE_BYTES:
        return response
    headers = {name.lower(): value for name, value in (response.get("headers") or {}).items()}
    logger.error("a response of %d bytes exceeds what Lambda delivers", size)
    if headers.get("content-encoding") == "gzip":
        status, detail = 500, "Even compressed, it is larger than this deployment can deliver."
    else:
        status, detail = 406, "Too large to send uncompressed. Send Accept-Encoding: gzip."
    request_id = headers.get("x-request-id")
    body = ProblemBody(
        title="Response too large", status=status, detail=detail, request_id=request_id
    )
    kept = {
        name: value
        for name, value in headers.items()
        if name not in ("content-encoding", "content-length", "etag", "cache-control")
    }
    return {
        "statusCode": status,
        "headers": {**kept, "content-type": PROBLEM_MEDIA_TYPE, "cache-control": "no-store"},
        "body": body.model_dump_json(),
        "isBase64Encoded": False,
    }
