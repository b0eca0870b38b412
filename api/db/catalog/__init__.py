"""The catalog: recipes, ingredients, units, tags and ratings, read and written one at a time.

Plain functions over a SQLAlchemy connection, the same on SQLite and PostgreSQL. Reads
work on older databases (:mod:`api.db.columns`). Writes are serialized, each in one transaction
(:mod:`.writing`); invalid values raise errors that name the field and the remedy (:mod:`.errors`).
"""
