"""One worker: takes trials from the study, trains them, stops those that are not worth it, and says how they ended."""
