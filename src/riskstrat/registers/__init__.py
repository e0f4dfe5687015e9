"""Registers about people: the data contract, and the folder or database that holds them.

In: a folder of Parquet tables with a manifest. Out: lazy frames in the contract's columns and types.
"""

from riskstrat.registers.geography import read_geography
from riskstrat.registers.manifest import CLASSIFICATIONS, Manifest, TableManifest
from riskstrat.registers.opened import Registers
from riskstrat.registers.opening import open_registers
from riskstrat.registers.writing import write_registers

__all__ = [
    "CLASSIFICATIONS",
    "Manifest",
    "Registers",
    "TableManifest",
    "open_registers",
    "read_geography",
    "write_registers",
]
