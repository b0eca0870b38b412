"""Immutable snapshots of artifacts, in a directory or an S3 bucket."""
