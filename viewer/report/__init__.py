"""Numbers to files for people and other programs."""
