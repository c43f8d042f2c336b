"""HTTP: parse the request, call one thing, answer."""
