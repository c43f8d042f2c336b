"""From "a file appeared" to "its job is finished": noticing, claiming, working, moving away."""
