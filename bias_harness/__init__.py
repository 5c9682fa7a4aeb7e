"""bias_harness: does this model advise people differently? Paired profiles, read answers, honest intervals."""

__version__ = "0.1.0"
