"""Files and folders written whole or not at all, and never over something that is not ours.

In: a path and what to write. Out: the path.
"""
