"""Only the authorized write: tokens, signatures, keys, other sites' forms."""

import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from fastapi.testclient import TestClient
from hypothesis import given, settings
from hypothesis import strategies as st

from api.http.auth import AuthenticationSettingsError, Authenticator, Principal
from api.http.guard import OPEN_WRITES
from api.http.problems import Problem
from api.http.sign_in import CODE_SECONDS, MAX_CODES, SignInCodes, qr_code
from api.http.signing_keys import MAX_BYTES
from api.settings import Settings
from tests.http.conftest import TOKEN

CLIENT_ID = "7examplepoolclient"
REFRESH = "/api/v1/analytics/refresh"
WRITES = [
    ("POST", "/api/v1/recipes"),
    ("PUT", "/api/v1/recipes/1"),
    ("DELETE", "/api/v1/recipes/1"),
    ("POST", "/api/v1/recipes/import"),
    ("POST", "/api/v1/ingredients"),
    ("DELETE", "/api/v1/units/1"),
    ("POST", "/api/v1/tags"),
    ("PUT", "/api/v1/ratings/1"),
    ("POST", REFRESH),
    ("POST", "/api/v1/there-is-no-such-route"),
]


class Issuer:
    """An identity provider: real RSA keys, published by a real HTTP server."""

    def __init__(self) -> None:
        self.keys: dict[str, rsa.RSAPrivateKey] = {}
        self.requests = 0
        self.failing = False
        #: Sent instead of the keys, and then nothing more.
        self.body: bytes | None = None
        #: Seconds between the bytes of the response; the first pause comes before its headers.
        self.pause = 0.0
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                issuer.requests += 1
                if issuer.failing or self.path != "/.well-known/jwks.json":
                    self.send_error(500)
                    return
                body = json.dumps(issuer.jwks()).encode()
                time.sleep(issuer.pause)
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body if issuer.body is None else issuer.body)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def jwks(self) -> dict[str, Any]:
        return {
            "keys": [
                {
                    **json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key())),
                    "kid": kid,
                    "alg": "RS256",
                    "use": "sig",
                }
                for kid, key in self.keys.items()
            ]
        }

    def public_pem(self, kid: str) -> bytes:
        return (
            self.keys[kid]
            .public_key()
            .public_bytes(
                serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
            )
        )

    def claims(self, **changes: Any) -> dict[str, Any]:
        """Return a Cognito access token's claims; a change to None leaves one out."""
        now = int(time.time())
        claims = {
            "sub": "0f1e2d3c-someone",
            "iss": self.url,
            "client_id": CLIENT_ID,
            "token_use": "access",
            "scope": "openid",
            "iat": now,
            "exp": now + 3600,
            **changes,
        }
        return {name: value for name, value in claims.items() if value is not None}

    def token(self, kid: str = "first", **changes: Any) -> str:
        return jwt.encode(
            self.claims(**changes), self.keys[kid], algorithm="RS256", headers={"kid": kid}
        )


@pytest.fixture(scope="module")
def keys() -> list[rsa.RSAPrivateKey]:
    return [rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2)]


@pytest.fixture
def issuer(keys: list[rsa.RSAPrivateKey]) -> Iterator[Issuer]:
    made = Issuer()
    made.keys = {"first": keys[0]}
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def authenticator(issuer: Issuer) -> Authenticator:
    return Authenticator(
        Settings(auth_issuer=issuer.url, auth_audience=CLIENT_ID), jwks_cooldown=0.0
    )


def authenticate(authenticator: Authenticator, header: str | None) -> Principal:
    return asyncio.run(authenticator.authenticate(header))


def refused(authenticator: Authenticator, header: str | None) -> Problem:
    with pytest.raises(Problem) as caught:
        authenticate(authenticator, header)
    assert caught.value.status in (401, 503)
    return caught.value


def test_access_and_id_tokens_are_accepted(authenticator: Authenticator, issuer: Issuer) -> None:
    for token in (
        issuer.token(),
        issuer.token(token_use="id", client_id=None, aud=CLIENT_ID),
        issuer.token(token_use=None, client_id=None, aud=["another", CLIENT_ID]),
    ):
        assert authenticate(authenticator, f"Bearer {token}") == Principal(
            "0f1e2d3c-someone", "jwt"
        )
    assert issuer.requests == 1  # the keys are kept


NOW = int(time.time())
BAD_CLAIMS: dict[str, dict[str, Any]] = {
    "expired": {"exp": NOW - 3600},
    "without an end": {"exp": None},
    "not yet valid": {"nbf": NOW + 3600},
    "of another issuer": {"iss": "https://evil.example"},
    "without an issuer": {"iss": None},
    "for another client": {"client_id": "another"},
    "for no client": {"client_id": None},
    "an access token that has the audience in aud alone": {"client_id": None, "aud": CLIENT_ID},
    "an ID token for another": {"token_use": "id", "aud": "another"},
    "an ID token with the client in client_id alone": {"token_use": "id"},
    "for an audience that contains ours": {"token_use": "id", "aud": f"{CLIENT_ID}-2"},
    "a refresh token": {"token_use": "refresh", "aud": CLIENT_ID},
    "without a subject": {"sub": None},
    "with an empty subject": {"sub": ""},
    "an audience that is no text": {"token_use": "id", "aud": {"a": CLIENT_ID}},
}


@pytest.mark.parametrize("name", BAD_CLAIMS)
def test_bad_claims_are_rejected(authenticator: Authenticator, issuer: Issuer, name: str) -> None:
    problem = refused(authenticator, f"Bearer {issuer.token(**BAD_CLAIMS[name])}")
    assert problem.status == 401
    assert 'error="invalid_token"' in problem.headers["WWW-Authenticate"]


def test_small_clock_difference_is_tolerated(authenticator: Authenticator, issuer: Issuer) -> None:
    now = int(time.time())
    authenticate(authenticator, f"Bearer {issuer.token(exp=now - 10)}")
    authenticate(authenticator, f"Bearer {issuer.token(nbf=now + 10)}")
    refused(authenticator, f"Bearer {issuer.token(exp=now - 60)}")


def test_forged_tokens_are_rejected(
    authenticator: Authenticator, issuer: Issuer, keys: list[rsa.RSAPrivateKey]
) -> None:
    good = issuer.token()
    head, body, signature = good.split(".")
    other = jwt.encode(issuer.claims(), keys[1], algorithm="RS256", headers={"kid": "first"})
    unsigned = jwt.encode(issuer.claims(), "", algorithm="none", headers={"kid": "first"})
    forged = {
        "signed by another key": other,
        "not signed": unsigned,
        "its signature cut off": f"{head}.{body}.",
        "its signature of another": f"{head}.{other.split('.')[1]}x.{signature}",
        "an unknown key": jwt.encode(
            issuer.claims(), keys[1], algorithm="RS256", headers={"kid": "unknown"}
        ),
        "no key named": jwt.encode(issuer.claims(), keys[1], algorithm="RS256"),
        "another hash": jwt.encode(
            issuer.claims(), keys[0], algorithm="RS512", headers={"kid": "first"}
        ),
        "nonsense": "nonsense",
        "too long": "a" * 10_000,
    }
    for name, token in forged.items():
        assert refused(authenticator, f"Bearer {token}").status == 401, name
    authenticate(authenticator, f"Bearer {good}")


def test_public_key_as_secret_is_rejected(authenticator: Authenticator, issuer: Issuer) -> None:
    """HS256 keyed with the public key: what a verifier that trusts `alg` would accept."""
    import base64
    import hashlib
    import hmac

    def encoded(part: bytes) -> bytes:
        return base64.urlsafe_b64encode(part).rstrip(b"=")

    for algorithm, digest in (("HS256", hashlib.sha256), ("hs256", hashlib.sha256)):
        head = encoded(json.dumps({"alg": algorithm, "kid": "first", "typ": "JWT"}).encode())
        signing = head + b"." + encoded(json.dumps(issuer.claims()).encode())
        mac = hmac.new(issuer.public_pem("first"), signing, digest).digest()
        token = (signing + b"." + encoded(mac)).decode()
        assert "RS256" in refused(authenticator, f"Bearer {token}").detail


def test_key_rotation_is_followed(issuer: Issuer, keys: list[rsa.RSAPrivateKey]) -> None:
    authenticator = Authenticator(
        Settings(auth_issuer=issuer.url, auth_audience=CLIENT_ID), jwks_cooldown=0.0
    )
    old = issuer.token()
    authenticate(authenticator, f"Bearer {old}")
    issuer.keys = {"second": keys[1]}
    authenticate(authenticator, f"Bearer {issuer.token('second')}")
    refused(authenticator, f"Bearer {old}")


def test_unknown_key_ids_cause_few_fetches(issuer: Issuer, keys: list[rsa.RSAPrivateKey]) -> None:
    authenticator = Authenticator(Settings(auth_issuer=issuer.url, auth_audience=CLIENT_ID))
    for number in range(20):
        token = jwt.encode(
            issuer.claims(), keys[1], algorithm="RS256", headers={"kid": f"made-up-{number}"}
        )
        assert refused(authenticator, f"Bearer {token}").status == 401
    assert issuer.requests <= 2


HTML = b"<html><body>Sign in to the hotel's network</body></html>"


@pytest.mark.parametrize(
    ("failing", "body"),
    [(True, None), (False, HTML), (False, b'{"keys": [{"kty": "RSA", "n": "0vx7ag'), (False, b"[]"),
     (False, b'{"keys": []}'), (False, b'{"keys": 3}'), (False, b"\xff" * 10), (False, b"")],
)  # fmt: skip
def test_unusable_keys_are_503(
    authenticator: Authenticator, issuer: Issuer, failing: bool, body: bytes | None
) -> None:
    issuer.failing, issuer.body = failing, body
    problem = refused(authenticator, f"Bearer {issuer.token()}")
    assert problem.status == 503
    assert problem.headers["Retry-After"]
    issuer.failing, issuer.body = False, None
    authenticate(authenticator, f"Bearer {issuer.token()}")


@pytest.mark.parametrize(
    "header",
    [None, "", "Bearer", "Bearer ", "Basic dXNlcjpwYXNz", TOKEN, f"Bearer {TOKEN}x",
     f"Bearer {TOKEN[:-1]}", f"Basic {TOKEN}", "Bearer \xff\u20ac"],
)  # fmt: skip
def test_local_token_must_match_exactly(header: str | None) -> None:
    authenticator = Authenticator(Settings(api_token=TOKEN))
    problem = refused(authenticator, header)
    assert problem.status == 401
    assert problem.headers["WWW-Authenticate"].startswith("Bearer")


@settings(deadline=None)
@given(st.text())
def test_any_header_is_rejected_cleanly(header: str) -> None:
    refused(Authenticator(Settings(api_token=TOKEN)), header)


def test_both_kinds_of_token_work(issuer: Issuer) -> None:
    authenticator = Authenticator(
        Settings(api_token=TOKEN, auth_issuer=issuer.url, auth_audience=CLIENT_ID)
    )
    assert authenticate(authenticator, f"Bearer {TOKEN}").kind == "token"
    assert authenticate(authenticator, f"bearer {issuer.token()}").kind == "jwt"


@pytest.mark.parametrize(
    "settings",
    [
        {"api_token": "short"},
        {"auth_issuer": "https://issuer.example"},
        {"auth_issuer": "http://issuer.example", "auth_audience": CLIENT_ID},
        {
            "auth_issuer": "https://issuer.example",
            "auth_audience": CLIENT_ID,
            "auth_jwks_url": "file:///etc/keys.json",
        },
    ],
)
def test_unsafe_settings_are_rejected_at_start(settings: dict[str, str]) -> None:
    with pytest.raises(AuthenticationSettingsError, match=r"API_TOKEN|AUTH_"):
        Authenticator(Settings(**settings))


@pytest.mark.parametrize(("method", "path"), WRITES)
def test_writes_need_a_token(client: TestClient, method: str, path: str) -> None:
    for headers in ({}, {"Authorization": "Bearer wrong-but-long-enough"}):
        response = client.request(method, path, headers=headers, json={})
        assert response.status_code == 401
        assert response.headers["content-type"] == "application/problem+json"
        assert response.headers["www-authenticate"].startswith("Bearer")


def test_every_documented_write_needs_a_token(client: TestClient) -> None:
    """Whatever routes there are: those of the OpenAPI document."""
    document = client.get("/openapi.json").json()
    tried = 0
    open_writes = {(method.lower(), path) for method, path in OPEN_WRITES}
    for path, item in document["paths"].items():
        for method in item:
            if method in ("post", "put", "patch", "delete") and (method, path) not in open_writes:
                tried += 1
                url = path.replace("{", "").replace("}", "")
                assert client.request(method, url, json={}).status_code == 401, (method, path)
                assert {"bearer": []} in item[method]["security"], (method, path)
    assert tried > 0


@pytest.mark.parametrize(("method", "path"), WRITES)
def test_without_credentials_configured_writes_are_403(
    make_client: Callable[..., TestClient], method: str, path: str
) -> None:
    client = make_client(api_token=None)
    response = client.request(method, path, headers={"Authorization": f"Bearer {TOKEN}"}, json={})
    assert response.status_code == 403
    assert "API_TOKEN" in response.json()["detail"]
    assert client.get("/api/v1/analytics/status").status_code == 200


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("text/plain", b'{"name": "Stolen"}'),
        ("application/x-www-form-urlencoded", b"name=Stolen"),
        ("multipart/form-data; boundary=x", b"--x\r\n\r\n--x--"),
        (None, b'{"name": "Stolen"}'),
    ],
)
def test_forms_of_other_sites_are_rejected(
    client: TestClient, auth: dict[str, str], content_type: str | None, body: bytes
) -> None:
    """What a browser sends across sites without asking: refused with, and without, a token."""
    headers = {"Origin": "https://evil.example", "Cookie": f"token={TOKEN}"}
    if content_type is not None:
        headers["Content-Type"] = content_type
    for path in (REFRESH, "/api/v1/recipes"):
        anonymous = client.post(path, content=body, headers=headers)
        assert anonymous.status_code == 401
        assert "access-control-allow-origin" not in anonymous.headers
        with_token = client.post(path, content=body, headers={**headers, **auth})
        assert with_token.status_code == 415


def test_no_response_sets_a_cookie(client: TestClient, auth: dict[str, str]) -> None:
    for response in (
        client.get("/api/v1/analytics/status"),
        client.post(REFRESH, headers=auth),
        client.post(REFRESH),
    ):
        assert "set-cookie" not in response.headers


def test_jwt_authorizes_a_write(make_client: Callable[..., TestClient], issuer: Issuer) -> None:
    client = make_client(api_token=None, auth_issuer=issuer.url, auth_audience=CLIENT_ID)
    good = client.post(REFRESH, headers={"Authorization": f"Bearer {issuer.token()}"})
    assert good.status_code == 202
    expired = client.post(
        REFRESH, headers={"Authorization": f"Bearer {issuer.token(exp=1_000_000)}"}
    )
    assert expired.status_code == 401
    assert "expired" in expired.json()["detail"]


def test_silent_provider_costs_one_deadline(issuer: Issuer) -> None:
    """Sixty junk tokens: all wait for one fetch, and later ones do not wait at all."""
    issuer.pause = 3.0
    authenticator = Authenticator(
        Settings(auth_issuer=issuer.url, auth_audience=CLIENT_ID), jwks_deadline=0.3
    )
    junk = f"Bearer {issuer.token()}"

    async def status(header: str) -> int:
        try:
            await authenticator.authenticate(header)
        except Problem as problem:
            return problem.status
        return 200

    async def flood() -> list[int]:
        return await asyncio.gather(*(status(junk) for _ in range(60)))

    begun = time.monotonic()
    assert set(asyncio.run(flood())) == {503}
    assert set(asyncio.run(flood())) == {503}
    assert issuer.requests == 1
    assert time.monotonic() - begun < 2.5


def test_too_large_key_sets_are_rejected(authenticator: Authenticator, issuer: Issuer) -> None:
    issuer.body = b" " * (MAX_BYTES + 1)
    assert refused(authenticator, f"Bearer {issuer.token()}").status == 503


def test_key_id_forges_no_log_line(
    authenticator: Authenticator,
    issuer: Issuer,
    keys: list[rsa.RSAPrivateKey],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")
    kid = "x\n2026-01-01 00:00:00 ERROR root: the database is on fire"
    token = jwt.encode(issuer.claims(), keys[1], algorithm="RS256", headers={"kid": kid})
    refused(authenticator, f"Bearer {token}")
    messages = [record.getMessage() for record in caplog.records]
    assert any("on fire" in message for message in messages)
    assert not any("\n" in message for message in messages)


@pytest.mark.campaign
def test_junk_tokens_do_not_delay_reads(
    make_client: Callable[..., TestClient], issuer: Issuer
) -> None:
    issuer.pause = 3.0
    client = make_client(api_token=None, auth_issuer=issuer.url, auth_audience=CLIENT_ID)
    headers = {"Authorization": f"Bearer {issuer.token()}"}
    client.get("/api/v1/recipes")
    with ThreadPoolExecutor(20) as pool:
        writes = [pool.submit(client.post, REFRESH, headers=headers) for _ in range(20)]
        begun = time.monotonic()
        reads = [client.get("/api/v1/recipes").status_code for _ in range(5)]
        assert time.monotonic() - begun < 2.5
        assert {write.result().status_code for write in writes} == {503}
    assert reads == [200] * 5


def test_rate_limit_comes_before_authentication(
    make_client: Callable[..., TestClient], issuer: Issuer
) -> None:
    client = make_client(
        api_token=None,
        auth_issuer=issuer.url,
        auth_audience=CLIENT_ID,
        rate_limit_writes="3/minute",
    )
    issuer.failing = True
    headers = {"Authorization": f"Bearer {issuer.token()}"}
    codes = [client.post(REFRESH, headers=headers).status_code for _ in range(5)]
    assert codes == [503, 503, 503, 429, 429]


def test_code_signs_in_once(client: TestClient, auth: dict[str, str]) -> None:
    made = client.post("/api/v1/sign-in-codes", headers=auth)
    assert made.status_code == 201
    code = made.json()["code"]
    assert made.json()["link"] == f"/#code={code}"
    assert TOKEN not in made.text
    assert made.json()["qr_code"] == qr_code(f"http://testserver/#code={code}")
    first = client.post("/api/v1/sign-in", json={"code": code})
    assert (first.status_code, first.json()) == (200, {"token": TOKEN})
    assert first.headers["cache-control"] == "no-store"
    assert client.post("/api/v1/sign-in", json={"code": code}).status_code == 403
    assert client.post("/api/v1/sign-in", json={"code": "guess"}).status_code == 403
    assert client.post("/api/v1/sign-in-codes").status_code == 401


def test_guessing_codes_is_limited(make_client: Callable[..., TestClient]) -> None:
    client = make_client(rate_limit_writes="3/minute")
    codes = [
        client.post("/api/v1/sign-in", json={"code": f"guess-{n}"}).status_code for n in range(5)
    ]
    assert codes == [403, 403, 403, 429, 429]


def test_codes_are_for_the_local_token(
    make_client: Callable[..., TestClient], issuer: Issuer
) -> None:
    client = make_client(api_token=None, auth_issuer=issuer.url, auth_audience=CLIENT_ID)
    headers = {"Authorization": f"Bearer {issuer.token()}"}
    assert client.post("/api/v1/sign-in-codes", headers=headers).status_code == 404
    assert client.post("/api/v1/sign-in", json={"code": "x"}).status_code == 403


def test_codes_expire_and_are_few() -> None:
    now = 0.0
    codes = SignInCodes(clock=lambda: now)
    oldest = codes.issue()
    later = [codes.issue() for _ in range(MAX_CODES)]
    assert not codes.redeem(oldest)
    assert codes.redeem(later[0])
    now = CODE_SECONDS
    assert not codes.redeem(later[1])
