"""A hook of MkDocs: links from a page to a file of the repository lead to the repository's site."""

import re
from typing import Any

_OUT_OF_DOCS = re.compile(r"(\]\(|<img src=\")(?:\.\./)+([^)\"]+)")


def on_page_markdown(markdown: str, *, config: Any, **_: Any) -> str:
    """Rewrite ``../path`` into the address of that path on the main branch."""
    return _OUT_OF_DOCS.sub(rf"\1{config['extra']['repository']}/blob/main/\2", markdown)
