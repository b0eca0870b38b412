"""Signing a browser in with a one-time code instead of the token itself."""

from fastapi import APIRouter, Request, Response

from api.http.deps import ServicesDep, WriterDep
from api.http.models.common import problem_responses
from api.http.models.sign_in import SignedIn, SignIn, SignInCode, SignInOptions, SignInProvider
from api.http.problems import Problem
from api.http.sign_in import CODE_SECONDS, qr_code

router = APIRouter(tags=["sign-in"])


@router.get("/sign-in", operation_id="get_sign_in_options", summary="How people sign in")
async def get_sign_in_options(services: ServicesDep) -> SignInOptions:
    """Return the identity provider whose page people sign in at, if there is one."""
    settings = services.settings
    if settings.auth_sign_in_url is None or settings.auth_audience is None:
        return SignInOptions(provider=None)
    return SignInOptions(
        provider=SignInProvider(
            authorize_url=f"{settings.auth_sign_in_url.rstrip('/')}/oauth2/authorize",
            token_url="/sign-in/token",  # noqa: S106 # nosec B106
            client_id=settings.auth_audience,
        )
    )


@router.post(
    "/sign-in",
    operation_id="sign_in",
    summary="Exchange a one-time code for the token",
)
async def sign_in(body: SignIn, services: ServicesDep, response: Response) -> SignedIn:
    """Return this machine's token for a code that was not used before. Needs no token itself."""
    token = services.settings.api_token
    if token is None or not services.sign_in_codes.redeem(body.code):
        raise Problem(
            403,
            "Invalid code",
            "The code is unknown, was used before, or has expired. Get a new one: restart "
            "`cocktaildb serve`, or create a link in a browser that is signed in.",
        )
    response.headers["Cache-Control"] = "no-store"
    return SignedIn(token=token)


@router.post(
    "/sign-in-codes",
    status_code=201,
    operation_id="create_sign_in_code",
    summary="Create a code for another browser",
    responses=problem_responses(404),
)
async def create_sign_in_code(
    writer: WriterDep, services: ServicesDep, request: Request, response: Response
) -> SignInCode:
    """Return a one-time code with which another browser or device signs in as you."""
    if writer.kind != "token":
        raise Problem(
            404,
            "Not available",
            "Codes are for this machine's own token. Sign in at your identity provider instead.",
        )
    code = services.sign_in_codes.issue()
    link = f"/#code={code}"
    address = f"{request.url.scheme}://{request.url.netloc}{link}"
    response.headers["Cache-Control"] = "no-store"
    return SignInCode(code=code, link=link, qr_code=qr_code(address), expires_in=int(CODE_SECONDS))
