"""The documentation that ``make docs`` has built, served under /docs/.

MkDocs' pages hold short inline scripts, which the site's content policy forbids. Each is allowed by
its hash, as in the one-file report: nothing else that gets into a page may run.
"""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

from api.pages.assets import Assets, walk

_INLINE_SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)


@dataclass(frozen=True)
class DocumentationSite:
    """The built pages, and the content policy that they work under."""

    assets: Assets
    content_security_policy: str


@cache
def documentation_site() -> DocumentationSite | None:
    """Return the documentation, read once; None if it was not built."""
    directory = files("api.pages") / "documentation"
    return read_documentation(directory) if directory.is_dir() else None


def read_documentation(directory: Traversable) -> DocumentationSite:
    """Return the documentation that a directory holds."""
    contents = dict(walk(directory))
    return DocumentationSite(Assets(contents), _content_security_policy(contents))


def _content_security_policy(contents: dict[str, bytes]) -> str:
    scripts = {
        script
        for path, data in contents.items()
        if path.endswith(".html")
        for script in _INLINE_SCRIPT.findall(data.decode())
    }
    hashes = [
        f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"
        for script in sorted(scripts)
    ]
    return (
        f"default-src 'none'; script-src 'self' {' '.join(hashes)}; "
        "style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; "
        "font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
