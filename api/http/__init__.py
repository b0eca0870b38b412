"""The HTTP API: programs read the analytics and change the recipes."""
