"""Errors of what the analytics are run on."""


class CloudError(Exception):
    """AWS could not be used as asked; the message says why and what helps."""
