"""Files spoiled at random, which every reader has to read or to refuse: `python -m tests.spoiling`."""
