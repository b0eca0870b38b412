"""Errors of running the analytics on AWS."""


class CloudError(Exception):
    """AWS could not be used. The message gives the reason and the remedy."""
