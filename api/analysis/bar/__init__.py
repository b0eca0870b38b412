"""What a shelf of bottles makes: now, one bottle away, without a bottle, and for a menu.

Pure functions over :class:`~api.analysis.bar.model.BarModel`.
"""

from typing import Final, Literal

#: How what the shelf makes may be sorted.
Order = Literal["rating", "similarity", "ingredients"]
#: The most drinks of a menu that is checked.
MAX_MENU: Final = 20
