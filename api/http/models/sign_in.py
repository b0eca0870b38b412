"""Shapes of signing in."""

from pydantic import BaseModel, ConfigDict, Field


class SignIn(BaseModel):
    """A one-time code."""

    model_config = ConfigDict(extra="forbid")

    code: str = Field(min_length=1, max_length=100, examples=["VbAk0Cz2tCnC4a1p2bqXkA"])


class SignedIn(BaseModel):
    """What a code was exchanged for."""

    token: str = Field(description="Send it as `Authorization: Bearer TOKEN`.")


class SignInProvider(BaseModel):
    """An identity provider that people sign in at: authorization code with PKCE (RFC 7636)."""

    authorize_url: str = Field(
        description="Where its sign-in page is.",
        examples=["https://bar.auth.us-east-1.amazoncognito.com/oauth2/authorize"],
    )
    token_url: str = Field(
        description="Where a code is exchanged for a token, on this site.",
        examples=["/sign-in/token"],
    )
    client_id: str = Field(examples=["3n4b5urk1ft4fl3mg5e62d9ado"])


class SignInOptions(BaseModel):
    """How people sign in."""

    provider: SignInProvider | None = Field(description="Null where a token is entered instead.")


class SignInCode(BaseModel):
    """A code for another browser or device."""

    code: str = Field(examples=["VbAk0Cz2tCnC4a1p2bqXkA"])
    link: str = Field(
        description="Open this address of the site to sign in; it works once.",
        examples=["/#code=VbAk0Cz2tCnC4a1p2bqXkA"],
    )
    qr_code: str = Field(
        description="The link, at the address that this request came to, as a QR code (SVG).",
        examples=["<svg>...</svg>"],
    )
    expires_in: int = Field(description="Seconds for which it is valid.", examples=[600])
