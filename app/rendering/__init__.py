"""From the rows of an image to the bytes of an answer: depth range, size, colour, encoding."""
