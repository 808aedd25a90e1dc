"""The race after a search: its best graphs and the baseline on new seeds; who goes on, and what the end shows."""
