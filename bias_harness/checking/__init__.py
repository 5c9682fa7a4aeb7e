"""A run against its baseline, a person's labels, yesterday's reader -> what moved, and the words and codes for it."""
