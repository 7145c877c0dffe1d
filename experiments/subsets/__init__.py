"""Cheap subsets of questions: choosing them, keeping them in files, estimating from them."""
