"""Authentication of writes: this machine's own bearer token, or an identity provider's JWT.

There are no cookies, so a browser never sends credentials that its user's own script did not set: a
form on another site cannot write anything (CSRF).
"""

import hmac
import logging
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any, Literal
from urllib.parse import urlsplit

import jwt
from jwt.exceptions import PyJWTError

from api.http.problems import RETRY_AFTER_OUTAGE, Problem
from api.http.signing_keys import (
    COOLDOWN_SECONDS,
    DEADLINE_SECONDS,
    KeysUnavailableError,
    SigningKeys,
    UnknownKeyError,
)
from api.settings import Settings

logger = logging.getLogger(__name__)

#: A shorter token can be guessed.
MIN_TOKEN_CHARACTERS = 16
#: Seconds by which the issuer's clock and ours may differ.
LEEWAY_SECONDS = 30
#: Longer ones are not worth decoding; Cognito's have about 1,000 characters.
MAX_TOKEN_CHARACTERS = 8192

#: Whoever signs in with the server's own token.
LOCAL_USER = "local"
_REALM = 'Bearer realm="cocktaildb"'


@dataclass(frozen=True)
class Principal:
    """Who is writing.

    Attributes
    ----------
    subject
        A stable ID: the JWT's ``sub``, or ``local`` for the machine's own token.
    kind
        The kind of credentials.
    """

    subject: str
    kind: Literal["token", "jwt"]


class AuthenticationSettingsError(Exception):
    """The authentication settings contradict each other or are unsafe; the message names them."""


class Authenticator:
    """Verifies the ``Authorization`` header.

    Parameters
    ----------
    settings
        ``api_token``, ``auth_issuer``, ``auth_audience`` and ``auth_jwks_url`` are used.
    jwks_cooldown
        Seconds between two fetches of the issuer's keys.
    jwks_deadline
        Seconds for a whole fetch.

    Raises
    ------
    AuthenticationSettingsError
        If the token is too short, the issuer has no audience or a key URL is not HTTPS.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        jwks_cooldown: float = COOLDOWN_SECONDS,
        jwks_deadline: float = DEADLINE_SECONDS,
    ) -> None:
        self._token = settings.api_token.encode() if settings.api_token else None
        if self._token is not None and len(self._token) < MIN_TOKEN_CHARACTERS:
            raise AuthenticationSettingsError(
                f"API_TOKEN has fewer than {MIN_TOKEN_CHARACTERS} characters and could be guessed. "
                f'Create one with: python -c "import secrets; print(secrets.token_urlsafe(32))"'
            )
        self._verifier = _JwtVerifier.from_settings(settings, jwks_cooldown, jwks_deadline)

    @property
    def closed(self) -> bool:
        """Whether nobody can write because no credentials are configured."""
        return self._token is None and self._verifier is None

    async def authenticate(self, authorization: str | None) -> Principal:
        """Return who sent this ``Authorization`` header. May fetch the issuer's keys.

        Raises
        ------
        Problem
            403 if writing is disabled, 401 if the token is missing or invalid, 503 if the issuer's
            keys are unavailable.
        """
        if self.closed:
            raise Problem(
                403,
                "Read only",
                "Writing is disabled. Set API_TOKEN, or AUTH_ISSUER and AUTH_AUDIENCE, to enable "
                "it; `cocktaildb serve` creates a token by itself.",
            )
        if not authorization:
            raise _unauthorized("A token is required. Send the header Authorization: Bearer TOKEN.")
        scheme, _, credentials = authorization.partition(" ")
        credentials = credentials.strip()
        if scheme.lower() != "bearer" or not credentials:
            raise _unauthorized(
                "Only bearer tokens are supported. Send the header Authorization: Bearer TOKEN.",
                "invalid_request",
            )
        if self._token is not None and hmac.compare_digest(credentials.encode(), self._token):
            return Principal(LOCAL_USER, "token")
        if self._verifier is None:
            raise _unauthorized("The token is invalid.", "invalid_token")
        return await self._verifier.verify(credentials)

    async def recognize(self, authorization: str | None) -> Principal | None:
        """Return who is reading, or None for the public: a read needs no valid token."""
        if not authorization or self.closed:
            return None
        try:
            return await self.authenticate(authorization)
        except Problem:
            return None


class _JwtVerifier:
    """Checks signature, issuer, audience and times of an identity provider's tokens."""

    def __init__(self, issuer: str, audience: str, keys: SigningKeys) -> None:
        self._issuer = issuer
        self._audience = audience
        self._keys = keys

    @classmethod
    def from_settings(
        cls, settings: Settings, cooldown: float, deadline: float
    ) -> "_JwtVerifier | None":
        if settings.auth_issuer is None:
            return None
        if settings.auth_audience is None:
            raise AuthenticationSettingsError(
                "AUTH_ISSUER is set without AUTH_AUDIENCE: tokens issued to other applications "
                "would be accepted. Set AUTH_AUDIENCE to the client ID."
            )
        issuer = settings.auth_issuer
        url = settings.auth_jwks_url or f"{issuer.rstrip('/')}/.well-known/jwks.json"
        if not _is_private(url):
            raise AuthenticationSettingsError(
                f"The issuer's keys would be fetched from {url}, where others on the network could "
                f"replace them. Set AUTH_ISSUER or AUTH_JWKS_URL to an https:// URL."
            )
        keys = SigningKeys(url, cooldown=cooldown, deadline=deadline)
        return cls(issuer, settings.auth_audience, keys)

    async def verify(self, token: str) -> Principal:
        claims = await self._claims(token)
        self._check_audience(claims)
        subject = claims["sub"]
        if not isinstance(subject, str) or not subject:
            raise _unauthorized("The token has no subject (sub).", "invalid_token")
        return Principal(subject, "jwt")

    async def _claims(self, token: str) -> dict[str, Any]:
        if len(token) > MAX_TOKEN_CHARACTERS:
            raise _unauthorized("The token is too long.", "invalid_token")
        try:
            header = jwt.get_unverified_header(token)
            # Before the keys are needed: an algorithm of the sender's choice would let it sign
            # with the public key as an HMAC secret, or not at all.
            if header.get("alg") != "RS256":
                raise _unauthorized("The token is not signed with RS256.", "invalid_token")
            key = await self._keys.get(str(header.get("kid")))
            return jwt.decode(
                token,
                key.key,
                algorithms=["RS256"],
                issuer=self._issuer,
                leeway=LEEWAY_SECONDS,
                # Cognito's access tokens have no `aud`: _check_audience handles both kinds.
                options={"require": ["exp", "iss", "sub"], "verify_aud": False},
            )
        except KeysUnavailableError as error:
            raise Problem(
                503,
                "Service unavailable",
                "The identity provider's keys are unavailable. Try again later.",
                headers={"Retry-After": str(RETRY_AFTER_OUTAGE)},
            ) from error
        except UnknownKeyError as error:
            logger.info("a token was rejected: %s", error)
            raise _unauthorized(
                "The token is signed by a key that the issuer does not have.", "invalid_token"
            ) from error
        except jwt.ExpiredSignatureError as error:
            raise _unauthorized("The token has expired. Sign in again.", "invalid_token") from error
        except (PyJWTError, ValueError, TypeError) as error:
            # Bytes that are no JWT at all can fail below PyJWT's own checks. The error may quote
            # the token: as repr, a line break in it forges no line of the log.
            logger.info("a token was rejected: %.200r", error)
            raise _unauthorized("The token is invalid.", "invalid_token") from error

    def _check_audience(self, claims: dict[str, Any]) -> None:
        """Accept only tokens issued to this client.

        Cognito's ID tokens name it in ``aud``, as OpenID Connect requires; its access tokens have
        ``client_id`` instead
        (https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-tokens-verifying-a-jwt.html).
        """
        use = claims.get("token_use")
        audience = claims.get("client_id") if use == "access" else claims.get("aud")
        accepted = audience if isinstance(audience, list) else [audience]
        if use not in (None, "access", "id") or self._audience not in accepted:
            raise _unauthorized("The token was issued to another application.", "invalid_token")


def _is_private(url: str) -> bool:
    """Return whether nobody on the network can change what the URL returns."""
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
    return Problem(401, "Unauthorized", detail, headers={"WWW-Authenticate": challenge})
