"""Signing in at an identity provider's page: a code, an exchange, and the edit goes on."""

import base64
import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from playwright.sync_api import Page, Route, expect

from api.settings import Settings
from tests.pages.conftest import TOKEN, Served, Site, Visiting, serving


class Provider(ThreadingHTTPServer):
    """The provider's authorization endpoint, where whoever comes is signed in at once."""

    def __init__(self) -> None:
        self.asked: list[dict[str, str]] = []
        self.forge_state = False
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked = {
                    name: value[0] for name, value in parse_qs(urlsplit(self.path).query).items()
                }
                if "redirect_uri" not in asked:  # an icon
                    self.send_error(404)
                    return
                provider.asked.append(asked)
                state = "another" if provider.forge_state else asked["state"]
                query = urlencode({"code": "the-code", "state": state})
                self.send_response(302)
                self.send_header("Location", f"{asked['redirect_uri']}?{query}")
                self.end_headers()

            def log_message(self, *arguments: object) -> None:
                pass

        super().__init__(("127.0.0.1", 0), Handler)


@pytest.fixture
def provider() -> Iterator[Provider]:
    server = Provider()
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def served(
    provider: Provider, sample_site: Site, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Served]:
    settings = sample_site.settings
    found = settings.model_copy(
        update={
            "auth_sign_in_url": f"http://127.0.0.1:{provider.server_address[1]}",
            "auth_audience": "the-client",
        }
    )
    monkeypatch.setattr(Site, "settings", property(lambda self: found))
    assert isinstance(found, Settings)
    with serving(sample_site) as running:
        yield running


def _open_dialog(page: Page) -> None:
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("button", name="Go to the sign-in page")).to_be_visible()
    expect(page.get_by_label("Token")).to_be_hidden()


def test_code_is_exchanged_in_the_tab_that_asked(
    provider: Provider, served: Served, visit: Visiting
) -> None:
    page = visit(served, "/status").page
    exchanged: list[dict[str, str]] = []

    def exchange(route: Route) -> None:
        body = route.request.post_data or ""
        exchanged.append({name: value[0] for name, value in parse_qs(body).items()})
        route.fulfill(json={"access_token": TOKEN})

    # API Gateway's part: it forwards this to the provider.
    page.route("**/sign-in/token", exchange)
    _open_dialog(page)
    with page.context.expect_page():
        page.get_by_role("button", name="Go to the sign-in page").click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    assert page.evaluate("sessionStorage.getItem('token')") == TOKEN
    expect(page.get_by_role("dialog")).to_be_hidden()

    [asked], [sent] = provider.asked, exchanged
    assert asked["response_type"] == "code"
    assert asked["client_id"] == sent["client_id"] == "the-client"
    assert asked["redirect_uri"] == sent["redirect_uri"] == f"{served.url}/"
    assert sent["code"] == "the-code"
    # RFC 7636, section 4.6.
    digest = hashlib.sha256(sent["code_verifier"].encode()).digest()
    assert asked["code_challenge_method"] == "S256"
    assert asked["code_challenge"] == base64.urlsafe_b64encode(digest).decode().rstrip("=")


def test_answer_with_another_state_is_ignored(
    provider: Provider, served: Served, visit: Visiting
) -> None:
    provider.forge_state = True
    page = visit(served, "/status").page
    page.route("**/sign-in/token", lambda route: route.fulfill(json={"access_token": TOKEN}))
    _open_dialog(page)
    with page.context.expect_page() as opened:
        page.get_by_role("button", name="Go to the sign-in page").click()
    if not opened.value.is_closed():  # it passes the answer on, and closes
        opened.value.wait_for_event("close")
    page.wait_for_timeout(500)
    assert page.evaluate("sessionStorage.getItem('token')") is None


def test_without_a_provider_a_token_is_entered(sample_server: Served, visit: Visiting) -> None:
    page = visit(sample_server, "/status").page
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_label("Token")).to_be_visible()
    expect(page.get_by_role("button", name="Go to the sign-in page")).to_be_hidden()
