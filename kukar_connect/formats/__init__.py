"""How dates with times are written in each language, where Django's own are others."""
