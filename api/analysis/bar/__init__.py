"""What a shelf of bottles makes: now, one bottle away, without a bottle, and for a menu.

Pure functions over :class:`~api.analysis.bar.model.BarModel`, without pandas or NumPy, so that the
API starts quickly.
"""
