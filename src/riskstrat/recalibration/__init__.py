"""Predicted risks that do not agree with what was observed, moved until they do.

In: risks, outcomes and weights as arrays. Out: a `Recalibration` that can be applied to other risks.
"""
