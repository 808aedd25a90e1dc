"""What comes after a search: a found graph as a config, and its training beside what it must beat."""
