"""The report: one self-contained HTML page over the published analytics.

Nothing is imported here: the site uses the colours alone, on machines that lack what the rest
needs.
"""
