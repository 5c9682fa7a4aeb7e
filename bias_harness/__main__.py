"""`python -m bias_harness` is `bias-harness`."""

from bias_harness.cli.main import main

main()
