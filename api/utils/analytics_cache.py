"""The published analytics: written by a refresh, read by everything else."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Self

from api.extras import requires_extra
from api.settings import Settings
from api.storage.errors import ObjectNotFoundError, PublishConflictError
from api.storage.local import LocalStore
from api.storage.objects import ObjectStore
from api.storage.snapshots import Manifest, Snapshots

#: The version of the artifacts' shapes. Readers refuse any other.
SCHEMA_VERSION = 2

_PATCH_ATTEMPTS = 5


class AnalyticsStorage:
    """Published analytics, in S3 or in a directory.

    Parameters
    ----------
    bucket_name
        The S3 bucket. None keeps everything in ``directory``.
    directory
        The directory used when there is no bucket; by default that of the settings.
    prefix
        The key prefix in the bucket; by default that of the settings.
    keep
        How many snapshots to keep; by default that of the settings.

    Examples
    --------
    >>> import tempfile
    >>> storage = AnalyticsStorage(directory=Path(tempfile.mkdtemp()))
    >>> _ = storage.put_analytics("recipe-complexity", [{"ingredient_count": 3}])
    >>> storage.get_analytics("recipe-complexity")
    [{'ingredient_count': 3}]
    """

    def __init__(
        self,
        bucket_name: str | None = None,
        *,
        directory: Path | None = None,
        prefix: str | None = None,
        keep: int | None = None,
    ) -> None:
        settings = Settings()
        store: ObjectStore
        if bucket_name is not None:
            # Here, not above: boto3 is slow to import, and comes with the extra `aws` only.
            with requires_extra("aws", "ANALYTICS_BUCKET"):
                from api.storage.s3 import S3Store
            store = S3Store(bucket_name, settings.analytics_prefix if prefix is None else prefix)
        else:
            store = LocalStore(settings.analytics_dir if directory is None else directory)
        self.snapshots = Snapshots(
            store,
            keep=settings.analytics_keep if keep is None else keep,
            schema_version=SCHEMA_VERSION,
        )

    @classmethod
    def from_settings(cls, settings: Settings | None = None) -> Self:
        """Return the storage named by the settings: the bucket if one is set."""
        settings = settings or Settings()
        return cls(
            settings.analytics_bucket,
            directory=settings.analytics_dir,
            prefix=settings.analytics_prefix,
            keep=settings.analytics_keep,
        )

    @property
    def location(self) -> str:
        """The location of the analytics, for people."""
        return self.snapshots.store.describe()

    def get_analytics(self, name: str) -> Any | None:
        """Return one artifact of the current snapshot; None if there is none of that name.

        Raises
        ------
        StorageError
            If the store fails or what it holds is damaged.
        """
        found = self.snapshots.read_current([name])
        return None if found is None else found[1].get(name)

    def put_analytics(self, name: str, data: Any) -> Manifest:
        """Replace one artifact and keep the others.

        This publishes a snapshot of its own; publish several artifacts together with
        ``snapshots.publish``. A patched snapshot has no database fingerprint, so the next refresh
        recomputes everything.
        """
        for attempt in range(1, _PATCH_ATTEMPTS + 1):
            current = self.snapshots.current()
            artifacts: dict[str, Any] = {}
            try:
                if current is not None:
                    artifacts = {
                        other: self.snapshots.read(current, other)
                        for other in current.artifacts
                        if other != name
                    }
                return self.snapshots.publish(
                    {**artifacts, name: data},
                    database_id=None if current is None else current.database_id,
                    replacing=current,
                )
            except (ObjectNotFoundError, PublishConflictError):
                # Another publisher came between our read and our write: patch its snapshot.
                if attempt == _PATCH_ATTEMPTS:
                    raise
        raise AssertionError("unreachable")

    def read_current(self, names: Iterable[str]) -> tuple[Manifest, dict[str, Any]] | None:
        """Return several artifacts of one snapshot; None before the first refresh."""
        return self.snapshots.read_current(names)
