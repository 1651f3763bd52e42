"""Months of the past: public history files, captures and recordings as columns on disk, and what is there of them."""
