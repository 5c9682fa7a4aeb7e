"""The version of this package; nothing of ours is imported here."""

__version__ = "0.1.0"
