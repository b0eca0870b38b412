"""Where artifacts are published: immutable snapshots over a directory or an S3 bucket."""
