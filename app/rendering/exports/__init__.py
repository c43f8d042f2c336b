"""Files made of rows while they are sent: a module for each format, the list of them in `formats`."""
