"""The API's package as `sam build` makes it, asked for every page and document it serves.

Built by the Makefile's own target, for this machine's processor instead of Graviton's, and run by a
Python 3.12 that sees the package and boto3, which Lambda brings, and nothing else.
"""

import importlib.util
import json
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import URL

from api.analytics.analytics_refresh import regenerate_analytics
from api.db.database import Database
from api.db.frames import Dataset
from api.db.migrations import upgrade
from api.db.write import write_dataset
from api.utils.analytics_cache import AnalyticsStorage
from tests.pythons import find_python

ROOT = Path(__file__).parents[2]

#: Bytes that a function's package may have, unzipped: AWS Lambda, "Lambda quotas" (250 MB).
QUOTA = 250 * 1024 * 1024

#: Like boto3, in Lambda's Python runtime beside the function's code. All are pure Python.
RUNTIME = ("boto3", "botocore", "dateutil", "jmespath", "s3transfer", "six", "urllib3")

PAGES = ("/", "/recipes", "/ingredients", "/complexity", "/tree", "/substitutes", "/status")

ATLAS = "/api/v1/analytics/atlas"

ASK = """
import json, sys
from api.http.lambda_handler import handler

class Context:
    aws_request_id = "request"

def get(path):
    http = {"method": "GET", "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1"}
    event = {"version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": "",
             "headers": {"host": "example.org", "accept": "*/*"}, "isBase64Encoded": False,
             "requestContext": {"http": http, "requestId": "r", "stage": "$default"}}
    return handler(event, Context())

documents = json.loads(get("/openapi.json")["body"])["paths"]
paths = [path for path, methods in documents.items() if "get" in methods] + sys.argv[1:]
filled = [path.replace(path[path.index("{"):path.index("}") + 1], "1") if "{" in path else path
          for path in paths]
json.dump({path: get(path)["statusCode"] for path in filled}, sys.stdout)
"""


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("package")
    done = subprocess.run(
        [
            "make",
            "--silent",
            "build-CocktailLambda",
            f"ARTIFACTS_DIR={directory}",
            f"LAMBDA_ARCH={platform.machine()}",
            f"PYTHON={sys.executable}",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return directory


def test_fits_lambdas_quota(package: Path) -> None:
    size = sum(path.stat().st_size for path in package.rglob("*") if path.is_file())
    assert size < QUOTA


def test_package_is_compiled_for_the_runtime(package: Path) -> None:
    if find_python("3.12") is None:
        pytest.skip("no Python 3.12 here, which alone compiles for Lambda's")
    sources = list(package.rglob("*.py"))
    missing = [
        source
        for source in sources
        if not (source.parent / "__pycache__" / f"{source.stem}.cpython-312.pyc").is_file()
    ]
    # Templates of source code among the packages' files are not Python.
    assert len(missing) < len(sources) / 100, missing[:5]
    header = next((package / "api" / "http" / "__pycache__").glob("app.*.pyc")).read_bytes()[:8]
    # PEP 552: by hash, and not checked against the source, whose time the zip file changes.
    assert int.from_bytes(header[4:], "little") == 0b01


def test_cold_start_imports_no_computation() -> None:
    """Nor what migrates the database: they are most of what there is to import."""
    code = "import sys, api.http.lambda_handler; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={"PATH": os.defpath},
        capture_output=True,
        text=True,
        check=True,
    )
    heavy = {"pandas", "numpy", "scipy", "alembic", "openpyxl", "barcart"}
    assert heavy & set(done.stdout.split()) == set()


@pytest.fixture(scope="module")
def answers(
    package: Path, sample: Dataset, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, int]:
    """Return the status of each GET, over a database and a snapshot of the sample."""
    python = find_python("3.12")
    if python is None:
        pytest.skip("no Python 3.12 here, Lambda's")
    place = tmp_path_factory.mktemp("lambda")
    path, published = place / "cocktails.db", place / "analytics"
    database = Database(URL.create("sqlite", database=str(path)))
    upgrade(database.engine)
    with database.engine.begin() as connection:
        write_dataset(connection, sample)
    regenerate_analytics(database=database, storage=AnalyticsStorage(directory=published))
    database.dispose()

    runtime = place / "runtime"
    runtime.mkdir()
    for name in RUNTIME:
        spec = importlib.util.find_spec(name)
        assert spec is not None
        assert spec.origin is not None
        origin = Path(spec.origin)
        source = origin.parent if origin.name == "__init__.py" else origin
        (runtime / source.name).symlink_to(source)

    done = subprocess.run(
        [python, "-W", "ignore", "-c", ASK, *PAGES],
        cwd=place,
        env={
            "PATH": os.defpath,
            "PYTHONPATH": f"{package}:{runtime}",
            "PYTHONDONTWRITEBYTECODE": "1",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AUTH_ISSUER": "https://issuer.example.org/pool",
            "AUTH_AUDIENCE": "client",
            "DB_PATH": str(path),
            "ANALYTICS_DIR": str(published),
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    found: dict[str, int] = json.loads(done.stdout)
    return found


def test_every_get_answers_without_a_failure(answers: dict[str, int]) -> None:
    asked = {path: status for path, status in answers.items() if path != ATLAS}
    assert len(asked) > len(PAGES)
    assert {path: status for path, status in asked.items() if status >= 500} == {}


def test_answers_for_the_atlas(answers: dict[str, int]) -> None:
    assert answers[ATLAS] == 200


def test_serves_the_pages(answers: dict[str, int]) -> None:
    moved = {"/complexity"}
    assert {answers[page] for page in PAGES if page not in moved} == {200}
    assert {answers[page] for page in moved} == {301}


def test_trigger_package_imports_with_boto3_alone(tmp_path: Path) -> None:
    make = shutil.which("make")
    assert make is not None
    target = ["build-AnalyticsTriggerFunction", f"ARTIFACTS_DIR={tmp_path}"]
    subprocess.run([make, "--silent", *target], cwd=ROOT, check=True)
    code = "import sys, api.analytics.trigger as t; print(t.__file__)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={"PATH": os.defpath, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert Path(done.stdout.strip()).is_relative_to(tmp_path)
    files = sorted(str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*.py"))
    assert files == [
        "api/__init__.py",
        "api/analytics/__init__.py",
        "api/analytics/trigger.py",
        "api/jobs/__init__.py",
        "api/jobs/coalescing.py",
        "api/jobs/staleness.py",
    ]
