"""The code version of a snapshot: it is up to date only if neither data nor code has changed."""

from importlib.metadata import version

from api.utils.analytics_cache import SCHEMA_VERSION

#: The packages that determine a result besides the data: ours, and those that compute the maps.
_DISTRIBUTIONS = ("cocktaildb-analytics", "barcart", "numpy", "scipy", "scikit-learn")


def code_version() -> str:
    """Return the versions of the artifacts' shapes and of the packages that compute them."""
    packages = [f"{name} {version(name)}" for name in _DISTRIBUTIONS]
    return ", ".join([f"schema {SCHEMA_VERSION}", *packages])
