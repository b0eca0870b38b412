"""Static files: URLs by content, cached forever, nothing else readable."""

import gzip
import re

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from api.http.middleware import CONTENT_SECURITY_POLICY, RequestContext
from api.pages.assets import Assets, site_assets
from api.pages.router import PAGES, router


@pytest.fixture(scope="module")
def client() -> TestClient:
    app = FastAPI()
    app.include_router(router)
    return TestClient(RequestContext(app))


@pytest.mark.parametrize("path", [*PAGES, "/map", "/tree", "/substitutes", "/status"])
def test_every_url_in_a_page_exists(sample_client: TestClient, path: str) -> None:
    client = sample_client
    page = client.get(path.replace("{recipe_id:row_id}", "7"))
    assert page.status_code == 200
    assert page.headers["content-security-policy"] == CONTENT_SECURITY_POLICY
    addresses = re.findall(r'(?:src|href)="(/static/[^"]+)"', page.text)
    assert len(addresses) > 5
    for address in addresses:
        file = client.get(address)
        assert file.status_code == 200, address
        assert "immutable" in file.headers["cache-control"]
    # What the modules import is asked for at once.
    scripts = re.findall(r'type="module" src="/static/\w+/([^"]+)"', page.text)
    preloaded = re.findall(r'rel="modulepreload" href="/static/\w+/([^"]+)"', page.text)
    assert scripts
    assert preloaded == site_assets().imports(scripts)
    # Nothing inline, which the policy would refuse.
    assert not re.search(r"<style|<script(?![^>]*\ssrc=)|\sstyle=|\son[a-z]+=", page.text)


def test_imports_are_found_through_every_module() -> None:
    assets = site_assets()
    modules = [one for one in assets.paths() if one.endswith(".js") and "d3.min" not in one]
    for path in modules:
        # Everything that a module names exists and is found.
        asset = assets.get(path)
        assert asset is not None
        named = re.findall(r'from "([^"]+)"', asset.data.decode())
        found = [one.rpartition("/")[2] for one in assets.imports([path])]
        assert {one.rpartition("/")[2] for one in named} <= set(found), path
        assert len(found) == len(set(found))
    assert "js/api.js" in assets.imports(["js/bar.js"])
    with pytest.raises(KeyError):
        Assets({"a.js": b'import { b } from "./b.js";'}).imports(["a.js"])


def test_circular_imports_end() -> None:
    circle = Assets({"js/a.js": b'import "../b.js";', "b.js": b'import { x } from "./js/a.js";'})
    assert circle.imports(["js/a.js"]) == ["b.js"]


def test_url_changes_with_content_or_name() -> None:
    first = Assets({"a.js": b"1", "b.js": b"2"}).digest
    assert first == Assets({"b.js": b"2", "a.js": b"1"}).digest
    assert first != Assets({"a.js": b"1", "b.js": b"3"}).digest
    assert first != Assets({"a.js": b"1", "c.js": b"2"}).digest
    assert Assets({"a": b"bc", "d": b""}).digest != Assets({"a": b"b", "cd": b""}).digest


def test_compresses_if_the_client_accepts_gzip(client: TestClient) -> None:
    url = site_assets().url("shared/d3.min.js")
    plain = client.get(url, headers={"accept-encoding": "identity"})
    with client.stream("GET", url, headers={"accept-encoding": "gzip"}) as answer:
        raw = b"".join(answer.iter_raw())
        assert answer.headers["content-encoding"] == "gzip"
    assert gzip.decompress(raw) == plain.content
    assert "content-encoding" not in plain.headers
    assert len(raw) < len(plain.content) / 2


def test_other_version_is_not_cached(client: TestClient) -> None:
    answer = client.get("/static/0123456789abcdef/js/boot.js")
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "path", ["../router.py", "%2e%2e/router.py", "js/../../router.py", "", "js"]
)
def test_nothing_else_can_be_read(client: TestClient, path: str) -> None:
    assert client.get(f"/static/{site_assets().digest}/{path}").status_code == 404


def test_template_with_unknown_file_fails() -> None:
    with pytest.raises(KeyError, match=r"no static file 'js/nope\.js'"):
        site_assets().url("js/nope.js")
