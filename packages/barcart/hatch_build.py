"""Compile the C sources, when a wheel is built or the package is installed from its sources.

With the system's C compiler alone: no headers of Python are needed, as the library is loaded by
ctypes. The wheel fits every version of Python on its platform.
"""

import os
import platform
import shlex
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SOURCES = Path("src/barcart/_native")
LIBRARY = Path("src/barcart/_native.so")
#: No contraction of a * b + c: it would round otherwise, and the results must be the same to the
#: bit on every machine.
FLAGS = ["-std=c99", "-O3", "-ffp-contract=off", "-shared", "-fPIC"]


class Compile(BuildHookInterface[Any]):
    """Adds the library to the wheel, and says which platform it is for."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile before the files are collected."""
        root = Path(self.root)
        _compile(root / SOURCES, root / LIBRARY)
        build_data["artifacts"].append(LIBRARY.as_posix())
        build_data["pure_python"] = False
        # A Python for two architectures still compiles for the one that it runs on.
        here = sysconfig.get_platform().replace("universal2", platform.machine())
        tag = here.replace("-", "_").replace(".", "_")
        build_data["tag"] = f"py3-none-{tag}"


def _compile(sources: Path, library: Path) -> None:
    compiler = shlex.split(os.environ.get("CC", "")) or ["cc"]
    if shutil.which(compiler[0]) is None:
        raise SystemExit(
            f"barcart needs a C compiler, and {compiler[0]} was not found. Install one (Debian and "
            "Ubuntu: apt-get install gcc libc6-dev; Fedora: dnf install gcc; macOS: "
            "xcode-select --install), or name it in the variable CC."
        )
    # Any x86-64 processor since 2009; other architectures as the compiler chooses.
    flags = [*FLAGS, *shlex.split(os.environ.get("CFLAGS", ""))]
    if platform.machine() in ("x86_64", "AMD64"):
        flags.append("-march=x86-64-v2")
    files = sorted(str(path) for path in sources.glob("*.c"))
    # Replaced as a whole: a process that has the old one loaded keeps it.
    new = library.with_suffix(".new")
    done = subprocess.run([*compiler, *flags, *files, "-lm", "-o", str(new)], check=False)
    if done.returncode:
        raise SystemExit(f"barcart's C sources did not compile ({compiler[0]}): see above.")
    new.replace(library)
    sys.stderr.write(f"compiled {library.name}\n")
