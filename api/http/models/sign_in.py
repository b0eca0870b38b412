"""Shapes of signing in."""

from pydantic import BaseModel, ConfigDict, Field


class SignIn(BaseModel):
    """A one-time code."""

    model_config = ConfigDict(extra="forbid")

    code: str = Field(min_length=1, max_length=100, examples=["VbAk0Cz2tCnC4a1p2bqXkA"])


class SignedIn(BaseModel):
    """What a code was exchanged for."""

    token: str = Field(description="Send it as `Authorization: Bearer TOKEN`.")


class SignInCode(BaseModel):
    """A code for another browser or device."""

    code: str = Field(examples=["VbAk0Cz2tCnC4a1p2bqXkA"])
    link: str = Field(
        description="Open this address of the site to sign in; it works once.",
        examples=["/#code=VbAk0Cz2tCnC4a1p2bqXkA"],
    )
    expires_in: int = Field(description="Seconds for which it is valid.", examples=[600])
