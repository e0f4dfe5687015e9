"""The frozen values that travel between stages.

In: what a stage computed. Out: the same, named; records write nothing.
"""
