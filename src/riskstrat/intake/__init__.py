"""Raw extracts, OMOP and MEDS data to register folders, with an account of every row.

In: files as they were delivered. Out: a register folder.
"""
