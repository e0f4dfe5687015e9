"""Registers about people: the data contract, the folder that holds them, and what is wrong with them.

In: a folder of Parquet tables with a manifest. Out: lazy frames in the contract's columns and types.
"""

from riskstrat.registers.geography import read_geography
from riskstrat.registers.identity import identity_columns, refuse_identities
from riskstrat.registers.intake.running import intake
from riskstrat.registers.manifest import CLASSIFICATIONS, Manifest, TableManifest
from riskstrat.registers.meds import from_meds
from riskstrat.registers.omop import from_omop
from riskstrat.registers.opened import Registers, unique_rows
from riskstrat.registers.opening import open_registers
from riskstrat.registers.pseudonyms import pseudonymise
from riskstrat.registers.quality import Quality
from riskstrat.registers.writing import write_registers

__all__ = [
    "CLASSIFICATIONS",
    "Manifest",
    "Quality",
    "Registers",
    "TableManifest",
    "from_meds",
    "from_omop",
    "identity_columns",
    "intake",
    "open_registers",
    "pseudonymise",
    "read_geography",
    "refuse_identities",
    "unique_rows",
    "write_registers",
]
