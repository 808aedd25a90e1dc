"""What all workers of a search share: where it is kept, whose it is, and its trials and what became of them."""
