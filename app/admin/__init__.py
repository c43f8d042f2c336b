"""For whoever runs a server: is everything there, a copy of it, and getting it back."""
