"""Signing in from the address: codes that work once, and tokens that replace nothing unasked."""

from typing import Any

import httpx2
from playwright.sync_api import expect

from tests.pages.conftest import PHONE, TOKEN, Served, Visiting


def _code(served: Served) -> str:
    made = httpx2.post(
        f"{served.url}/api/v1/sign-in-codes", headers={"Authorization": f"Bearer {TOKEN}"}
    )
    assert made.status_code == 201
    return str(made.json()["code"])


def _token(page: Any) -> Any:
    return page.evaluate("sessionStorage.getItem('token')")


def test_code_signs_in_once(own_server: Served, visit: Visiting) -> None:
    link = f"/status#code={_code(own_server)}"
    first = visit(own_server, link).page
    first.wait_for_function("sessionStorage.getItem('token') !== null")
    assert _token(first) == TOKEN
    assert first.evaluate("location.href") == f"{own_server.url}/status"
    second = visit(own_server, link)
    expect(second.page.get_by_role("dialog")).to_contain_text("used before")
    assert _token(second.page) is None
    second.forgive("403")


def test_other_token_needs_consent(own_server: Served, visit: Visiting) -> None:
    found = visit(own_server, f"/status#token={TOKEN}")
    page = found.page
    assert _token(page) == TOKEN
    page.once("dialog", lambda dialog: dialog.dismiss())
    page.goto(f"{own_server.url}/recipes#token=a-token-of-somebody-else")
    page.wait_for_function("location.hash === ''")
    assert _token(page) == TOKEN
    page.once("dialog", lambda dialog: dialog.accept())
    page.goto(f"{own_server.url}/ingredients#token=a-token-of-somebody-else")
    page.wait_for_function("sessionStorage.getItem('token') === 'a-token-of-somebody-else'")
    found.settle()
    found.forgive("401")  # nobody has this token, and so no shelf


def test_code_on_the_screen_signs_a_phone_in(own_server: Served, visit: Visiting) -> None:
    found = visit(own_server, "/phone", writer=True)
    found.page.get_by_role("button", name="Show a code").click()
    expect(found.page.get_by_role("img", name="QR code of the address below")).to_be_visible()
    address = found.page.locator("#code a").inner_text()
    assert found.axe() == []
    phone = visit(own_server, address.removeprefix(own_server.url), size=PHONE).page
    phone.wait_for_function("sessionStorage.getItem('token') !== null")
    assert _token(phone) == TOKEN
