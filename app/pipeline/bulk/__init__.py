"""Many files at once, read where they lie: listed, compared with the catalog, queued, followed to their ends."""
