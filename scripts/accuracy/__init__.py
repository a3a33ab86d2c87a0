"""What `scripts/benchmark_accuracy.py` is made of: scenes with known truth, methods, scores."""
