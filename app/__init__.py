"""Borehole Image Server: borehole images by depth range, over HTTP."""

__version__ = "0.1.0"
