"""A hash of the data that analytics depend on, to detect changes."""

import hashlib
import json

from api.db.frames import Dataset

#: Columns that analytics depend on. A new description or image needs no refresh.
_COLUMNS = {
    "units": ("id", "name", "conversion_to_ml"),
    "ingredients": ("id", "name", "parent_id", "path", "allow_substitution"),
    "recipes": ("id", "name"),
    "recipe_ingredients": ("id", "recipe_id", "ingredient_id", "unit_id", "amount"),
}


def dataset_fingerprint(dataset: Dataset) -> str:
    """Return a SHA-256 over the rows that the analytics depend on, ordered by id."""
    digest = hashlib.sha256()
    for table, columns in _COLUMNS.items():
        frame = getattr(dataset, table).sort_values("id")
        for column in columns:
            # JSON keeps values separate and distinguishes 1, '1' and null.
            values = frame[column].astype(object).where(frame[column].notna(), None).tolist()
            digest.update(json.dumps([table, column, values]).encode())
    return digest.hexdigest()
