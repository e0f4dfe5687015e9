"""Numerical methods that several stages share: links, weighted logistic regression, splines, Wilson intervals, folds.

In: arrays. Out: arrays. Modules are imported by their own names, so that a worker which numbers groups loads no scipy.
"""
