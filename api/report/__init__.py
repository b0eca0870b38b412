"""The report: one self-contained HTML page over the published analytics."""
