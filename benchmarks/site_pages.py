"""The pages of the site, and what a browser says of how one loads: for a benchmark and a test."""

from __future__ import annotations

from typing import Final

import httpx2

#: Addresses; ``{recipe}`` and ``{ingredient}`` stand for IDs.
PAGES: Final = (
    "/map",
    "/map?recipe={recipe}&show=filters",
    "/bar",
    "/bar?view=menu&recipe={recipe}",
    "/recipes",
    "/recipes?q=gin",
    "/recipes?have={ingredient}&missing=3",
    "/recipes/new",
    "/recipes/import",
    "/recipes/{recipe}",
    "/recipes/{recipe}/edit",
    "/ingredients",
    "/ingredients/{ingredient}",
    "/ingredients/all",
    "/tree",
    "/substitutes?ingredient={ingredient}",
    "/status",
    "/downloads",
    "/phone",
    "/api-docs",
)
#: The sum of the layout shifts so far; those of a reader's own actions do not count.
SHIFTS: Final = """async () => {
  let sum = 0;
  new PerformanceObserver((list) => {
    for (const { value, hadRecentInput } of list.getEntries()) if (!hadRecentInput) sum += value;
  }).observe({ type: "layout-shift", buffered: true });
  await new Promise((done) => requestAnimationFrame(() => setTimeout(done, 50)));
  return sum;
}"""


def page_addresses(url: str) -> dict[str, str]:
    """Return the address of every page of a server, by its entry in :data:`PAGES`.

    The recipe and the ingredient are ones that the sample and most collections have.

    Parameters
    ----------
    url
        Where the server is, without a slash at the end.
    """
    wanted = {"recipe": ("recipes", "negroni"), "ingredient": ("ingredients", "campari")}
    ids = {
        name: httpx2.get(f"{url}/api/v1/{kind}", params={"q": text, "limit": 1})
        .raise_for_status()
        .json()["items"][0]["id"]
        for name, (kind, text) in wanted.items()
    }
    return {page: url + page.format(**ids) for page in PAGES}
