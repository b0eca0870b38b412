"""Write a lock of pip's as a software bill of materials: CycloneDX 1.6, JSON, to stdout.

    python -m tools.sbom requirements.txt

Each package has its version, its package URL and the SHA-256 of each of its files.
"""

import re
import sys
from pathlib import Path

from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

_PIN = re.compile(r"(?P<name>[\w.-]+)==(?P<version>[^\s;\\]+)")
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


def read_lock(text: str) -> Bom:
    """Return the packages that a lock pins.

    Examples
    --------
    >>> lock = "numpy==2.0.0 --hash=sha256:" + "0" * 64
    >>> [part.name for part in read_lock(lock).components]
    ['numpy']
    """
    parts: dict[str, Component] = {}
    latest: Component | None = None
    for line in text.splitlines():
        if pin := _PIN.match(line):
            name, version = pin["name"], pin["version"]
            address = PackageURL("pypi", name=name, version=version)
            latest = Component(
                name=name, version=version, type=ComponentType.LIBRARY,
                purl=address, bom_ref=str(address),
            )  # fmt: skip
            parts[str(address)] = latest
        elif latest is not None:
            latest.hashes.update(
                HashType(alg=HashAlgorithm.SHA_256, content=found) for found in _HASH.findall(line)
            )
    return Bom(components=parts.values())


if __name__ == "__main__":
    sys.stdout.write(
        JsonV1Dot6(read_lock(Path(sys.argv[1]).read_text())).output_as_string(indent=1)
    )
