"""The page that lies beside extracts: that they are invented, what they are, and where their faults are listed.

In: nothing. Out: `README`, with places for the number of people, the registers' name and the seed.
"""

from __future__ import annotations

README = """\
# Registers as they really arrive

**Invented.** {people:,} of the made-up people of {registers}, in whole families and with the example citizens, as
Swedish agencies would deliver them. Nobody in it exists. `riskstrat.synthetic.extracts.write_extracts` made it from
those clean registers with seed {seed}; the same call gives the same rows.

- `RTB*` and `LISA_*`, Statistics Sweden: population, parents (SPSS), homes on 31 December, moves, migrations, and the
  circumstances of each year. Separators, encodings, the spelling of names and definitions change over the years.
- `PAR_SV_*`, `PAR_OV`, `LMED_*`, `DORS` and `MFR`, the National Board of Health and Welfare: hospital stays, visits
  (Stata), drugs (Parquet, later text), causes of death, births (SPSS).
- `Primarvard_*`, `Matvarden`, `BHV`, the region: primary care in running numbers of its own with the key file
  `Nyckel_region`, measured values with decimal commas, child health.
- `Skolhalsa` and `SoL_*`, the municipality: school health, services by the month.

`planted.json` lists every fault that was planted: how it looks, in how many rows of which files, and what becomes of it
in a good intake: `mended`, `refused`, `kept` as it is, or `lost`, which means that information is gone for good;
`changes_tables` names the tables in which the person's rows can no longer be as in the clean registers.
`truth/planted_rows.ndjson` says which rows; row 1 is the first after the header. What no delivery carries, however
clean, is `lost_in_any_delivery`.

Faults are many times more frequent than in any real delivery: their share means nothing.
"""
