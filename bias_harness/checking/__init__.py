"""A run against its baseline, a second reader, yesterday's reader -> what moved, and the words and codes for it."""
