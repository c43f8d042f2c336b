"""The catalog: which images exist, what was done with every file, and who hosts the pipeline."""
