"""Palette, theme, drawing modules and D3: what the site and the report share."""
