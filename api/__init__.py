"""Analytics of a cocktail-recipe database."""
