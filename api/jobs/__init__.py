"""When a refresh runs: the coalescing rule, the local queue and worker, AWS Batch, run status."""
