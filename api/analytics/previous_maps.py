"""The published maps, from which the next ones start."""

import logging

from api.analysis.cocktail_space import PreviousMap
from api.storage.errors import StorageError
from api.storage.snapshots import Manifest, Snapshots

logger = logging.getLogger(__name__)

MAPS = ("cocktail-space", "cocktail-space-em")


def previous_maps(snapshots: Snapshots, manifest: Manifest | None) -> dict[str, PreviousMap]:
    """Return a snapshot's maps by artifact.

    A map that cannot be read is skipped with a warning; the next one is then drawn from scratch.
    """
    maps: dict[str, PreviousMap] = {}
    for name in MAPS:
        if manifest is None or name not in manifest.artifacts:
            continue
        try:
            points = snapshots.read(manifest, name)
            positions = {
                int(point["recipe_id"]): (float(point["x"]), float(point["y"])) for point in points
            }
        except (StorageError, KeyError, TypeError, ValueError) as error:
            logger.warning("the previous %s cannot be read, so points may jump: %s", name, error)
            continue
        digest = manifest.details.get(name, {}).get("graph_sha256")
        maps[name] = PreviousMap(positions, digest)
    return maps
