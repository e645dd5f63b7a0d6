"""Measures what the project promises; ``python -m bench`` prints the promise beside the figure (bench/README.md)."""
