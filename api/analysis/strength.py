"""How strong a recipe is, estimated from the kinds of its ingredients."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from api.analysis.base_spirit import BaseSpiritClassifier
from api.analysis.recipe_volumes import RecipeVolumes
from api.analysis.spirit_names import SPIRITS

#: Typical alcohol by volume, in percent, by an ingredient's group; everything else has none.
#: Spirits are bottled at 40 % or a little above; fortified wines have 15 to 22 %, table and
#: sparkling wines 11 to 13 %; liqueurs and amari 15 to 40 %.
TYPICAL_ABV: Final[Mapping[str, float]] = MappingProxyType(
    {**dict.fromkeys(SPIRITS, 40.0), "rinse": 45.0, "wine": 16.0, "liqueur": 25.0}
)


def recipe_strengths(volumes: RecipeVolumes, tree: Mapping[str, Any]) -> dict[int, float]:
    """Estimate the alcohol by volume of each recipe as poured, before ice dilutes it.

    Parameters
    ----------
    volumes
        The recipes' lines with their volumes.
    tree
        The ``ingredient-tree`` artifact, which says what kind each ingredient is.

    Returns
    -------
    dict of int to float
        Percent by recipe id, to one decimal: the mean of :data:`TYPICAL_ABV` over the volume.
    """
    classifier = BaseSpiritClassifier(tree)
    lines = volumes.lines[["recipe_id", "ingredient_id", "volume"]]
    kinds = {key: classifier.kind(str(key)) for key in lines["ingredient_id"].unique()}
    alcohol = lines["ingredient_id"].map(
        {k: TYPICAL_ABV.get(v or "", 0.0) for k, v in kinds.items()}
    )
    sums = (
        lines.assign(alcohol=alcohol * lines["volume"])
        .groupby("recipe_id")[["alcohol", "volume"]]
        .sum()
    )
    share = (sums["alcohol"] / sums["volume"]).round(1)
    return dict(zip(share.index.tolist(), share.tolist(), strict=True))
