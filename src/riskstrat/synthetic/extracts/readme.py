"""The page that lies beside extracts: that they are invented, what they are, and what no extract carries.

In: the registers' name, the number of people and the seed. Out: Markdown.
"""

from __future__ import annotations

from collections.abc import Mapping

LOSSES: Mapping[str, str] = {
    "persons": "The day of birth is delivered only for those in the birth register; others are born in mid-month.",
    "residences": "Who left for elsewhere in Sweden left on an unknown day; a stay within one year is not seen.",
    "diagnoses": "The day on which a late row became known, and stays that had not ended, are not delivered.",
    "births": "The mother's body mass index is that of whole centimetres and kilograms.",
    "services": "Municipal services are known by the month.",
    "circumstances": "Social assistance is an amount of the family, repeated on each of its members.",
}
"""What is lost in any delivery, however clean."""
_PAGE = """\
# Extracts as agencies deliver them

**Invented.** {people:,} of the made-up people of {registers}, in whole families and with the personas, as
Swedish agencies would deliver them. Nobody in it exists. {writer} made it from those clean
registers with seed {seed}; the same call gives the same rows.

- `RTB*` and `LISA_*`, Statistics Sweden: population, parents (SPSS), residence on 31 December, moves, migrations, and
  the circumstances of each year. Separators, encodings, the spelling of names and definitions change over the years.
- `PAR_SV_*`, `PAR_OV`, `LMED_*`, `DORS` and `MFR`, the National Board of Health and Welfare: hospital stays, visits
  (Stata), drugs (Parquet, later text), causes of death, births (SPSS).
- `Primarvard_*`, `Matvarden`, `BHV`, the region: primary care in running numbers of its own with the key file
  `Nyckel_region`, measured values with decimal commas, child health.
- `Skolhalsa` and `SoL_*`, the municipality: school health, services by the month.

Lost in any delivery, however clean:

{losses}
"""


def readme(registers: str, people: int, seed: int, *, writer: str = "`riskstrat synthesise --extracts`") -> str:
    """Write the page; `writer` is what made the extracts."""
    losses = "\n".join(f"- {table}: {text}" for table, text in LOSSES.items())
    return _PAGE.format(registers=registers, people=people, seed=seed, writer=writer, losses=losses)
