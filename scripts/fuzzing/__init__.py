"""Making damaged files, for `fuzz_headers.py`."""
