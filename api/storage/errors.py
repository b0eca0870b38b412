"""What can go wrong while publishing or reading, in words an operator can act on."""


class StorageError(Exception):
    """The store cannot be read or written. The message names it and the remedy."""


class ObjectNotFoundError(StorageError):
    """No object under that key."""


class PublishConflictError(StorageError):
    """Somebody else moved the pointer first."""


class CorruptSnapshotError(StorageError):
    """What is stored is not what was published."""


class SnapshotNotFoundError(StorageError):
    """No complete snapshot of that name."""
