"""A server under load for a long time, while files come in, workers die and the disk fills up."""
