"""Errors of publishing and reading, with messages an operator can act on."""


class StorageError(Exception):
    """The store cannot be read or written. The message names it and the remedy."""


class ObjectNotFoundError(StorageError):
    """No object under that key."""


class PublishConflictError(StorageError):
    """Another publisher moved the pointer first."""


class CorruptSnapshotError(StorageError):
    """The stored bytes are not those that were published."""


class UnsupportedSnapshotError(StorageError):
    """The snapshot's artifacts have a shape that this version cannot read."""


class SnapshotNotFoundError(StorageError):
    """No complete snapshot has that id."""


class ForeignSnapshotError(StorageError):
    """The snapshot was computed from another database than the present one."""
