"""Raw extracts, OMOP and MEDS data to register folders, with an account of every row.

In: files as they were delivered. Out: a register folder.
"""

from riskstrat.intake.identity import identity_columns, refuse_identities
from riskstrat.intake.meds import from_meds
from riskstrat.intake.omop import from_omop
from riskstrat.intake.pseudonyms import pseudonymise
from riskstrat.intake.raw_extracts.run import extracts

__all__ = ["extracts", "from_meds", "from_omop", "identity_columns", "pseudonymise", "refuse_identities"]
