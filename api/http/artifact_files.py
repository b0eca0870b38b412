"""Whole artifacts as files: JSON as it was published, CSV, and Parquet.

JSON, and a large artifact's CSV, are sent piece by piece, so that memory is that of a piece.
"""

import io
import os
import tempfile
from collections.abc import Mapping
from itertools import chain

from fastapi import Response
from fastapi.responses import StreamingResponse

from api.extras import MissingExtraError
from api.http.etags import file_etag, if_none_match, strong_etag
from api.http.exports import ExportResponse, Exports
from api.http.models.schemas import ArtifactName
from api.http.problems import Problem, no_analytics
from api.http.published import LoadedSnapshot
from api.http.tables import to_csv, to_parquet, write_csv
from api.utils.analytics_cache import SCHEMA_VERSION

PARQUET = "application/vnd.apache.parquet"
_CSV = "text/csv; charset=utf-8"
_JSON = "application/json"
_DISPOSITION = "Content-Disposition"


def artifact_file(
    loaded: LoadedSnapshot,
    name: ArtifactName,
    format: str,
    exports: Exports,
    headers: Mapping[str, str],
    condition: str | None,
) -> Response:
    """Return an artifact as a file; 304 if the client has it.

    Parameters
    ----------
    headers
        Of the answer, without what depends on the content.
    condition
        The request's ``If-None-Match``.

    Raises
    ------
    Problem
        404 if the snapshot has no such artifact or table, 501 without what writes it, 503 if too
        many large files are being sent.
    """
    entry = loaded.manifest.artifacts.get(name)
    if entry is None:
        raise no_analytics(f"There is no {name} in snapshot {loaded.manifest.snapshot_id}.")
    if format == "json":
        tagged = {**headers, "ETag": f'"{entry.sha256[:32]}"'}
        return _not_modified(tagged, condition) or _as_published(loaded, name, tagged)
    if name == "atlas":
        raise Problem(404, "Not found", "The atlas is no table. Download atlas.json instead.")
    if loaded.manifest.schema_version != SCHEMA_VERSION:
        raise Problem(
            404, "Not found", f"Another version published this. Download {name}.json instead."
        )
    if format == "csv" and entry.records_sha256 is not None:
        return _large_csv(loaded, name, exports, headers, condition)
    body, media_type = _small_table(loaded, name, format)
    tagged = {**headers, "ETag": strong_etag(body)}
    return _not_modified(tagged, condition) or Response(body, headers=tagged, media_type=media_type)


def _not_modified(headers: Mapping[str, str], condition: str | None) -> Response | None:
    if not if_none_match(condition, headers["ETag"]):
        return None
    kept = {name: value for name, value in headers.items() if name != _DISPOSITION}
    return Response(status_code=304, headers=kept)


def _as_published(loaded: LoadedSnapshot, name: str, headers: Mapping[str, str]) -> Response:
    """Return an artifact's JSON; a large one is sent as it is read.

    A snapshot that has been retired meanwhile is noticed here, and one whose bytes are damaged
    before the last piece is sent: the response then ends early, and its length shows it.
    """
    pieces = loaded.pieces(name)
    first = next(pieces, b"")
    size = loaded.manifest.artifacts[name].size
    if len(first) == size:
        return Response(first, headers=headers, media_type=_JSON)
    headers = {**headers, "Content-Length": str(size)}
    return StreamingResponse(chain((first,), pieces), headers=headers, media_type=_JSON)


def _small_table(loaded: LoadedSnapshot, name: str, format: str) -> tuple[bytes, str]:
    if format == "csv":
        return to_csv(loaded.value(name)).encode(), _CSV
    try:
        return to_parquet(loaded.value(name)), PARQUET
    except MissingExtraError as error:
        raise Problem(501, "Not available", f"{error}. Download JSON or CSV instead.") from error


def _large_csv(
    loaded: LoadedSnapshot,
    name: str,
    exports: Exports,
    headers: Mapping[str, str],
    condition: str | None,
) -> Response:
    """Return a table that was written to a temporary file, record by record."""
    release = exports.reserve()
    file = tempfile.TemporaryFile()  # noqa: SIM115 closed when it is sent
    sent = False
    try:
        text = io.TextIOWrapper(file, "utf-8", newline="", write_through=True)
        write_csv(lambda: loaded.records(name), text)
        text.detach()
        size = file.seek(0, os.SEEK_END)
        tagged = {**headers, "ETag": file_etag(file)}
        known = _not_modified(tagged, condition)
        if known is not None:
            return known
        sent = True
        return ExportResponse(file, release, _CSV, {**tagged, "Content-Length": str(size)})
    finally:
        if not sent:
            file.close()
            release()
