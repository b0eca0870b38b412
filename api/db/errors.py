"""What can be wrong with a database, in words a user can act on."""


class DatabaseError(Exception):
    """The database cannot be opened or read. The message names it and the remedy."""
