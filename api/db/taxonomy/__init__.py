"""What bars measure with and pour: units and an ingredient tree, shipped as CSV files to edit.

``units.csv`` lists units with the words that people write for them. ``ingredients.csv`` lists
ingredients with their parents and aliases. :mod:`.matcher` finds the ingredient that a name means.
Nothing here knows a database.
"""
