"""Who may write: a bearer token that is this machine's own, or an identity provider's JWT.

There are no cookies, so a browser never sends credentials that its user's script did not set: a
form on another site can write nothing (CSRF).
"""

import hmac
import logging
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any, Literal
from urllib.parse import urlsplit

import jwt
from jwt import PyJWKClient
from jwt.exceptions import PyJWKClientConnectionError, PyJWKClientError, PyJWTError

from api.http.problems import RETRY_AFTER_OUTAGE, Problem
from api.settings import Settings

logger = logging.getLogger(__name__)

#: A shorter token can be guessed.
MIN_TOKEN_CHARACTERS = 16
#: Seconds by which the issuer's clock and ours may differ.
LEEWAY_SECONDS = 30
#: Keys are fetched anew after this long, so that a withdrawn one stops counting.
JWKS_LIFESPAN_SECONDS = 300
JWKS_TIMEOUT_SECONDS = 1.4
#: A token may name a key that we do not know: it has been rotated in, or somebody makes up names.
#: Looking is worth one request in this many seconds.
JWKS_COOLDOWN_SECONDS = 10
#: Longer ones are not worth decoding; Cognito's have about 1,000 characters.
MAX_TOKEN_CHARACTERS = 8192

_REALM = 'Bearer realm="cocktaildb"'


@dataclass(frozen=True)
class Principal:
    """Who is writing.

    Attributes
    ----------
    subject
        Its stable id: the JWT's ``sub``, or ``local`` for the machine's own token.
    kind
        How it proved that.
    """

    subject: str
    kind: Literal["token", "jwt"]


class AuthenticationSettingsError(Exception):
    """The settings of authentication contradict each other or are unsafe; names them."""


class Authenticator:
    """Verifies the ``Authorization`` header.

    Parameters
    ----------
    settings
        ``api_token``, ``auth_issuer``, ``auth_audience`` and ``auth_jwks_url`` count.
    jwks_cooldown
        Seconds between two requests for keys that unknown key ids cause.

    Raises
    ------
    AuthenticationSettingsError
        If the token is short, the issuer has no audience or a key URL is not HTTPS.
    """

    def __init__(self, settings: Settings, *, jwks_cooldown: float = JWKS_COOLDOWN_SECONDS) -> None:
        self._token = settings.api_token.encode() if settings.api_token else None
        if self._token is not None and len(self._token) < MIN_TOKEN_CHARACTERS:
            raise AuthenticationSettingsError(
                f"API_TOKEN has fewer than {MIN_TOKEN_CHARACTERS} characters and could be guessed. "
                f'Make one with: python -c "import secrets; print(secrets.token_urlsafe(32))"'
            )
        self._verifier = _JwtVerifier.from_settings(settings, jwks_cooldown)

    @property
    def closed(self) -> bool:
        """Whether nobody can write, since nothing is configured that would prove who it is."""
        return self._token is None and self._verifier is None

    def authenticate(self, authorization: str | None) -> Principal:
        """Return who sent this ``Authorization`` header. May fetch the issuer's keys.

        Raises
        ------
        Problem
            403 if writing is switched off, 401 if the token is missing or not valid, 503 if the
            issuer's keys are out of reach.
        """
        if self.closed:
            raise Problem(
                403,
                "Read only",
                "Writing is switched off here. The operator switches it on with API_TOKEN, or "
                "AUTH_ISSUER and AUTH_AUDIENCE; `cocktaildb serve` makes a token by itself.",
            )
        scheme, _, credentials = (authorization or "").partition(" ")
        credentials = credentials.strip()
        if not authorization:
            raise _unauthorized("This needs a token: send the header Authorization: Bearer TOKEN.")
        if scheme.lower() != "bearer" or not credentials:
            raise _unauthorized(
                "Only bearer tokens are understood: send the header Authorization: Bearer TOKEN.",
                "invalid_request",
            )
        if self._token is not None and hmac.compare_digest(credentials.encode(), self._token):
            return Principal("local", "token")
        if self._verifier is None:
            raise _unauthorized("The token is not this server's.", "invalid_token")
        return self._verifier.verify(credentials)


class _JwtVerifier:
    """Checks signature, issuer, audience and times of an identity provider's tokens."""

    def __init__(self, issuer: str, audience: str, jwks_url: str, cooldown: float) -> None:
        self._issuer = issuer
        self._audience = audience
        self._keys = PyJWKClient(
            jwks_url,
            lifespan=JWKS_LIFESPAN_SECONDS,
            timeout=JWKS_TIMEOUT_SECONDS,
            cooldown_duration=cooldown,
        )

    @classmethod
    def from_settings(cls, settings: Settings, cooldown: float) -> "_JwtVerifier | None":
        if settings.auth_issuer is None:
            return None
        if settings.auth_audience is None:
            raise AuthenticationSettingsError(
                "AUTH_ISSUER is set without AUTH_AUDIENCE: tokens that the issuer made for other "
                "applications would count. Set AUTH_AUDIENCE to the client id."
            )
        issuer = settings.auth_issuer
        url = settings.auth_jwks_url or f"{issuer.rstrip('/')}/.well-known/jwks.json"
        if not _is_private(url):
            raise AuthenticationSettingsError(
                f"The issuer's keys would come from {url}, where anybody on the way could replace "
                f"them. Set AUTH_ISSUER or AUTH_JWKS_URL to an https:// URL."
            )
        return cls(issuer, settings.auth_audience, url, cooldown)

    def verify(self, token: str) -> Principal:
        claims = self._claims(token)
        self._check_audience(claims)
        subject = claims["sub"]
        if not isinstance(subject, str) or not subject:
            raise _unauthorized("The token names nobody (sub).", "invalid_token")
        return Principal(subject, "jwt")

    def _claims(self, token: str) -> dict[str, Any]:
        if len(token) > MAX_TOKEN_CHARACTERS:
            raise _unauthorized("The token is too long.", "invalid_token")
        try:
            header = jwt.get_unverified_header(token)
            # Before the keys are asked for: an algorithm of the sender's choice would let it sign
            # with the public key as an HMAC secret, or not at all.
            if header.get("alg") != "RS256":
                raise _unauthorized("The token is not signed with RS256.", "invalid_token")
            key = self._keys.get_signing_key(str(header.get("kid")))
            return jwt.decode(
                token,
                key.key,
                algorithms=["RS256"],
                issuer=self._issuer,
                leeway=LEEWAY_SECONDS,
                # Cognito's access tokens have no `aud`: _check_audience sees to it.
                options={"require": ["exp", "iss", "sub"], "verify_aud": False},
            )
        except PyJWKClientConnectionError as error:
            logger.error("the issuer's keys cannot be fetched: %s", error)
            raise Problem(
                503,
                "Out of reach",
                "The identity provider's keys cannot be fetched at the moment. Try again later.",
                headers={"Retry-After": str(RETRY_AFTER_OUTAGE)},
            ) from error
        except jwt.ExpiredSignatureError as error:
            raise _unauthorized("The token has expired. Sign in again.", "invalid_token") from error
        except PyJWKClientError as error:
            logger.info("a token's key: %s", error)
            raise _unauthorized(
                "The token is signed by a key that the issuer does not have.", "invalid_token"
            ) from error
        except (PyJWTError, ValueError) as error:
            # ValueError: bytes that are no JWT at all can fail below PyJWT's own checks.
            logger.info("a token was refused: %s", error)
            raise _unauthorized("The token is not valid here.", "invalid_token") from error

    def _check_audience(self, claims: dict[str, Any]) -> None:
        """Accept tokens made for this client alone.

        Cognito's ID tokens name it in ``aud``, as OpenID Connect has it; its access tokens have
        ``client_id`` instead
        (https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-tokens-verifying-a-jwt.html).
        """
        use = claims.get("token_use")
        audience = claims.get("client_id") if use == "access" else claims.get("aud")
        accepted = audience if isinstance(audience, list) else [audience]
        if use not in (None, "access", "id") or self._audience not in accepted:
            raise _unauthorized("The token was made for another application.", "invalid_token")


def _is_private(url: str) -> bool:
    """Whether nobody between here and the URL's host can change what it says."""
    parts = urlsplit(url)
    if parts.scheme == "https":
        return True
    try:
        loopback = parts.hostname == "localhost" or ip_address(parts.hostname or "").is_loopback
    except ValueError:
        loopback = False
    return parts.scheme == "http" and loopback


def _unauthorized(detail: str, error: str | None = None) -> Problem:
    challenge = _REALM if error is None else f'{_REALM}, error="{error}"'
    return Problem(401, "Not authorized", detail, headers={"WWW-Authenticate": challenge})
