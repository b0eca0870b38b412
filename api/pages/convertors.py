"""Parameters in the addresses of pages. Import it before routes that use ``row_id``."""

from typing import Final

from starlette.convertors import IntegerConvertor, register_url_convertor


class RowIdConvertor(IntegerConvertor):
    """An ID: at most 18 digits, so that every database can hold the number.

    Other addresses are not found. ``int`` would take thousands of digits, and fail on more.
    """

    regex = "[0-9]{1,18}"


ROW_ID: Final = "row_id"
register_url_convertor(ROW_ID, RowIdConvertor())
