"""Measurements against rivals and against the database's own limit, side by side in one run.

Nothing here is imported by the product. What is compared with what, and why that is fair, is in docs/benchmarks.md.
"""
