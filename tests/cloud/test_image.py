"""The job's image, built and run as Batch runs it: root read-only, uid 1000, database read-only.

With Docker where an engine runs; else with buildah, which needs no daemon, in chroot isolation (as
root). Where neither can build, the test is skipped and says why; with REQUIRE_IMAGE=1, as in the
workflow on arm64, it fails instead.
"""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from api.db.database import Database
from api.db.frames import Dataset
from tests.cloud.transformed import ROOT

pytestmark = pytest.mark.cloud

DOCKERFILE = ROOT / "api" / "analytics" / "Dockerfile"
TAG = "cocktaildb-job-test"

#: Runs a command in an image's root as a container would have it. Volumes are filled with what the
#: image holds there, as Docker fills them.
READ_ONLY = """
set -e
root=$1 database=$2 work=$3; shift 3
mkdir -p "$root/mnt/efs" "$root/proc" "$root/dev"
mount --bind "$root" "$root"
for volume in tmp; do
    mkdir -p "$work/$volume"
    cp -a "$root/$volume/." "$work/$volume/"
    chown 1000:1000 "$work/$volume"
    mount --bind "$work/$volume" "$root/$volume"
done
mount --rbind /dev "$root/dev"
mount -t proc proc "$root/proc"
mount --bind "$database" "$root/mnt/efs"
mount -o remount,ro,bind "$root/mnt/efs"
mount -o remount,ro,bind "$root"
exec chroot --userspec=1000:1000 "$root" env -i "$@"
"""


def unavailable(reason: str) -> None:
    """Skip, or fail where the image is required."""
    if os.environ.get("REQUIRE_IMAGE"):
        pytest.fail(reason)
    pytest.skip(reason)


def run(*command: str | Path, timeout: float = 1800) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=timeout
    )


def engine() -> str:
    """Return the program that builds images here."""
    if shutil.which("docker") and run("docker", "info").returncode == 0:
        return "docker"
    if shutil.which("buildah") and os.geteuid() == 0:
        return "buildah"
    unavailable("no Docker engine runs here, and there is no buildah (or it is not run as root)")
    raise AssertionError


@pytest.fixture(scope="module")
def image() -> Iterator[str]:
    """Build the image; yield the engine that did."""
    builder = engine()
    [base] = set(re.findall(r"^FROM (\S+)", DOCKERFILE.read_text(), re.MULTILINE))
    pulled = run(builder, "pull", base, timeout=300)
    if pulled.returncode != 0:
        unavailable(f"{builder} cannot pull {base}: {pulled.stderr.strip()[-300:]}")
    isolation = ["--isolation", "chroot"] if builder == "buildah" else []
    built = run(builder, "build", *isolation, "--file", DOCKERFILE, "--tag", TAG, ROOT)
    assert built.returncode == 0, built.stderr[-4000:]
    yield builder
    run(builder, "rmi", "--force", TAG)


@pytest.fixture
def efs(
    tmp_path: Path, make_database: Callable[[Dataset | None], Database], sample: Dataset
) -> Path:
    directory = tmp_path / "efs"
    directory.mkdir()
    path = make_database(sample).sqlite_path
    assert path is not None
    shutil.copy(path, directory / "cocktails.db")
    directory.chmod(0o755)
    (directory / "cocktails.db").chmod(0o644)
    return directory


def run_container(builder: str, efs: Path, work: Path) -> subprocess.CompletedProcess[str]:
    """Run the image's command with a read-only root and a read-only database."""
    settings = {"DB_PATH": "/mnt/efs/cocktails.db", "ANALYTICS_DIR": "/tmp/analytics"}
    if builder == "docker":
        given = [part for item in settings.items() for part in ("--env", "=".join(item))]
        mount = f"{efs}:/mnt/efs:ro"
        return run("docker", "run", "--rm", "--read-only", "--volume", mount, *given, TAG)
    container = run("buildah", "from", TAG).stdout.strip()
    try:
        config = json.loads(run("buildah", "inspect", container).stdout)["OCIv1"]["config"]
        root = run("buildah", "mount", container).stdout.strip()
        environment = [*config["Env"], *("=".join(item) for item in settings.items())]
        command = ["unshare", "--mount", "sh", "-c", READ_ONLY, "sh", root, str(efs), str(work)]
        return run(*command, *environment, *config["Cmd"])
    finally:
        run("buildah", "rm", container)


def test_image_publishes_from_a_read_only_root(image: str, efs: Path, tmp_path: Path) -> None:
    done = run_container(image, efs, tmp_path / "work")
    assert done.returncode == 0, done.stderr[-4000:]
    result = json.loads(done.stdout)
    assert result["status"] == "success"
    assert result["cocktail_space_em_count"] > 0
