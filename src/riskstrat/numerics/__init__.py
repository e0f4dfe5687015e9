"""Numerical methods that several stages share: links, weighted logistic regression, splines, Wilson intervals, folds.

In: arrays. Out: arrays.
"""
