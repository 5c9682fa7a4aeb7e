"""`python -m bias_harness` is `bias-harness`."""

from bias_harness.cli import main

main()
