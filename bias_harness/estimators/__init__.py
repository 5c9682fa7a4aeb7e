"""One file per statistic. Arrays in, a small frozen dataclass out; nothing here knows of files, models or words.

Everywhere: gap = level minus reference; a number that does not exist is None with a status, never NaN, 0 or p = 0.
"""
