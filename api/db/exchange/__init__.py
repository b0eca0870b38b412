"""Recipes in and out of the database, as CSV files or as one JSON document."""
