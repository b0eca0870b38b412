"""The published maps, from which the next ones start."""

import logging

from api.analysis.atlas import MAP_ARTIFACTS
from api.analysis.cocktail_space import PreviousMap
from api.storage.errors import StorageError
from api.storage.snapshots import Manifest, Snapshots

logger = logging.getLogger(__name__)

MAPS = tuple(name for _, name in MAP_ARTIFACTS)


def previous_maps(snapshots: Snapshots, manifest: Manifest | None) -> dict[str, PreviousMap]:
    """Return a snapshot's maps by artifact.

    A map that cannot be read is skipped with a warning; the next one is then drawn from scratch.
    """
    maps: dict[str, PreviousMap] = {}
    names = _region_names(snapshots, manifest)
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
        quality = manifest.details.get(name, {})
        maps[name] = PreviousMap(
            positions,
            quality.get("graph_sha256"),
            names.get(name, {}),
            quality.get("reachable_preservation"),
        )
    return maps


def _region_names(snapshots: Snapshots, manifest: Manifest | None) -> dict[str, dict[str, int]]:
    """Names of each map's regions with their level, by artifact."""
    if manifest is None or "atlas" not in manifest.artifacts:
        return {}
    try:
        maps = {
            found["key"]: found["regions"] for found in snapshots.read(manifest, "atlas")["maps"]
        }
        return {
            name: {str(region["name"]): int(region.get("level", 0)) for region in maps[key]}
            for key, name in MAP_ARTIFACTS
        }
    except (StorageError, KeyError, TypeError, ValueError) as error:
        logger.warning("the previous region names cannot be read, so names may change: %s", error)
        return {}
