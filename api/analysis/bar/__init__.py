"""What a shelf of bottles makes: now, one bottle away, without a bottle, and for a menu.

Pure functions over :class:`~api.analysis.bar.model.BarModel`; they know no database, and import
nothing beyond the standard library, so that the API starts quickly.
"""
