"""The charts in matplotlib, which is imported here and nowhere else."""
