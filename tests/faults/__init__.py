"""Processes killed at random moments, and what must hold all the same. `python -m tests.faults --rounds 200`."""
