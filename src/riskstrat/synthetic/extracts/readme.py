"""The page that lies beside extracts: that they are invented, what they are, and where their faults are listed."""

from __future__ import annotations

README = """\
# Registers as they really arrive

**Invented.** {people:,} of the made-up people of {registers}, in whole families and with the example citizens, written out
as Swedish agencies would deliver them. Nobody in it exists. It was made by
`riskstrat.synthetic.extracts.write_extracts`, seed {seed}; the same call gives the same rows.

| files | who | form |
|---|---|---|
| `RTB_*`, `LISA_*` | Statistics Sweden: population, parents (SPSS), homes on 31 December, moves, migrations; LISA by year | `;` and tab, Latin-1 and UTF-8 with a byte order mark, Parquet; names whose capitals and spellings change by year |
| `PAR_SV_*`, `PAR_OV`, `LMED_*`, `DORS`, `MFR` | National Board of Health and Welfare: stays, visits (Stata), drugs (Parquet, later text), deaths, births (SPSS) | no dots in codes, dates as text of eight digits |
| `Primarvard_*`, `Matvarden`, `Nyckel_region`, `BHV` | the region: primary care in running numbers of its own with their key file, measured values, child health | decimal commas |
| `Skolhalsa`, `SoL_*` | the municipality: school health, services by month | tab, dates with hyphens |

`planted.json` lists every fault that was planted: what it looks like, in how many rows of which files, and what a good
intake makes of it (`mended`, `refused`, `kept` as it is, or `lost`: the information is gone for good, with the tables of
the person that can no longer be as in the clean registers). `truth/planted_rows.ndjson` says in which rows; row 1 is the
first after the header. What no delivery carries, however clean, is `lost_in_any_delivery`.

The people are fewer, and many more of their rows are faulty, than in any real delivery: the share of faults means nothing.
"""
