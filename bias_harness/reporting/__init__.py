"""Estimates and observations -> pages and figures, in Dutch and English."""
