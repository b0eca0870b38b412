"""Learn a ground metric between ingredients from recipes."""
