"""The part of the page beside faulty extracts that says where their data errors are listed."""

from __future__ import annotations

PLANTED_PAGE = """
## Planted data errors

`planted.json` lists every fault that was planted: how it looks, in how many rows of which files, and what becomes of it
in a good intake: `repaired`, `refused`, `kept` as it is, or `lost`, which means that information is gone for good;
`changes_tables` names the tables in which the person's rows can no longer be as in the clean registers.
`truth/planted_rows.ndjson` says which rows; row 1 is the first after the header. What no delivery carries, however
clean, is `lost_in_any_delivery`.

Faults are many times more frequent than in any real delivery: their share means nothing.
"""
