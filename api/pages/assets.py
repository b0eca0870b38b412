"""Static files at URLs that change with their content.

All files are served below one directory named after the hash of them all, such as
``/static/<digest>/js/map.js``. Modules import each other by relative paths, so a page that
loads one module by its hashed URL gets every other from the same version, with no bundler and no
rewriting of sources. Browsers may cache them forever, because changed content gets a changed URL.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import mimetypes
import posixpath
import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final

from api.charts.theme import theme_css
from api.sample import sample_directory

# Not every machine's MIME table has these, and browsers refuse modules of another type.
_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}
_IMPORT: Final = re.compile(r'^(?:import|export|\})[^"\n]*?(?:from )?"(\.[^"]+)";', re.MULTILINE)
_COMPRESSIBLE: Final = frozenset({".css", ".js", ".svg", ".txt"})


@dataclass(frozen=True, slots=True)
class Asset:
    """One file, ready to send.

    Parameters
    ----------
    data
        Its bytes.
    gzipped
        The same, compressed; None if that is not smaller.
    media_type
        For ``Content-Type``.
    """

    data: bytes
    gzipped: bytes | None
    media_type: str


class Assets:
    """Every static file of the site, read once.

    Parameters
    ----------
    contents
        Bytes by path below the static root, with forward slashes.

    Attributes
    ----------
    digest
        Hash of all paths and contents: 16 hexadecimal digits.
    """

    def __init__(self, contents: dict[str, bytes]) -> None:
        self._assets = {path: _asset(path, data) for path, data in contents.items()}
        digest = hashlib.sha256()
        for path, data in sorted(contents.items()):
            digest.update(f"{path}\0{len(data)}\0".encode())
            digest.update(data)
        self.digest = digest.hexdigest()[:16]

    def url(self, path: str) -> str:
        """URL of a file.

        Raises
        ------
        KeyError
            If there is no such file: fix the name in the template.
        """
        if path not in self._assets:
            raise KeyError(f"no static file {path!r}; there are: {', '.join(sorted(self._assets))}")
        return f"/static/{self.digest}/{path}"

    def imports(self, modules: Sequence[str]) -> list[str]:
        """Return what modules import, directly or not, each once and without themselves.

        A page asks for all of it at once: a browser finds an import only when it has read the
        module that names it, one round trip a level.

        Raises
        ------
        KeyError
            If a module imports a file that does not exist.
        """
        found = list(modules)
        for path in found:  # grows meanwhile
            for target in _IMPORT.findall(self._assets[path].data.decode()):
                named = posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
                if named not in found:
                    found.append(named)
        return found[len(modules) :]

    def paths(self) -> Iterator[str]:
        """Yield the path of each file."""
        yield from self._assets

    def get(self, path: str) -> Asset | None:
        """Return a file, or None. Paths are looked up, never resolved."""
        return self._assets.get(path)


@cache
def site_assets() -> Assets:
    """Return the site's files, those shared with the report, the theme's colors, and the sample."""
    own = dict(walk(files("api.pages") / "static"))
    shared = {f"shared/{path}": data for path, data in walk(files("api.charts") / "assets")}
    made = {"css/theme.css": theme_css().encode(), "sample.zip": _sample_archive()}
    return Assets({**own, **shared, **made})


def _sample_archive() -> bytes:
    """Return the sample's files as an archive that ``POST /api/v1/recipes/import`` takes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, data in sorted(walk(sample_directory())):
            if path.endswith(".csv"):
                # A fixed time: the same files are the same bytes in every process.
                archive.writestr(zipfile.ZipInfo(path), data, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def walk(directory: Traversable, prefix: str = "") -> Iterator[tuple[str, bytes]]:
    """Yield the path below a directory and the content of each file in it."""
    for entry in directory.iterdir():
        if entry.is_dir():
            yield from walk(entry, f"{prefix}{entry.name}/")
        elif not entry.name.startswith("."):
            yield f"{prefix}{entry.name}", entry.read_bytes()


def _asset(path: str, data: bytes) -> Asset:
    suffix = f".{path.rpartition('.')[2]}"
    media_type = _TYPES.get(suffix) or mimetypes.guess_type(path)[0] or "application/octet-stream"
    # mtime=0: the same file is the same bytes in every process.
    compressed = gzip.compress(data, 9, mtime=0) if suffix in _COMPRESSIBLE else None
    smaller = compressed is not None and len(compressed) < len(data)
    return Asset(data, compressed if smaller else None, media_type)
