"""What the benchmarks in `scripts` are made of: scenes with known truth, methods, scores."""
