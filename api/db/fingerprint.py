"""Whether the data has changed since it was last looked at."""

import hashlib
import json

from api.db.dataset import Dataset

#: What the analytics depend on. A new description or picture does not make a refresh necessary.
_COLUMNS = {
    "units": ("id", "name", "conversion_to_ml"),
    "ingredients": ("id", "name", "parent_id", "path", "allow_substitution"),
    "recipes": ("id", "name"),
    "recipe_ingredients": ("id", "recipe_id", "ingredient_id", "unit_id", "amount"),
}


def dataset_fingerprint(dataset: Dataset) -> str:
    """Return a SHA-256 over the rows that the analytics depend on, in the order of their ids."""
    digest = hashlib.sha256()
    for table, columns in _COLUMNS.items():
        frame = getattr(dataset, table).sort_values("id")
        for column in columns:
            # As JSON, a value cannot run into its neighbour, and 1 differs from '1' and from null.
            values = frame[column].astype(object).where(frame[column].notna(), None).tolist()
            digest.update(json.dumps([table, column, values]).encode())
    return digest.hexdigest()
