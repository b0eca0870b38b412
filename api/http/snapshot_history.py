"""The kept snapshots that readers of this database may see."""

from api.http.deps import Services
from api.storage.snapshots import Manifest


def own_snapshots(services: Services) -> list[Manifest]:
    """Return the kept snapshots that were computed from this database, newest first.

    Raises
    ------
    StorageError
        If the store cannot be read.
    """
    compare = services.freshness.compare
    return [one for one in services.published.history() if compare(one) != "foreign"]
