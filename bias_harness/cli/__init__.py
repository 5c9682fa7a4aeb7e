"""The words that can be typed, a module a chapter. Each command is one call and its printing."""
