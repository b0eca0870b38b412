"""The catalogue: recipes, ingredients, units, tags and ratings, read and written one at a time.

Plain functions over a SQLAlchemy connection, the same on SQLite and PostgreSQL. Reads take what an
older database has (:mod:`api.db.columns`); writes run one after the other, each in one transaction
(:mod:`.writing`), and refuse what does not fit with the field and the remedy (:mod:`.errors`).
"""
