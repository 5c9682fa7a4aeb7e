"""Experiment, people, attributes and prompts -> the requests, in pairs."""
