"""Which tables of the OMOP Common Data Model (5.3 and 5.4) become which tables of the contract, column by column.

Source: the field-level specification of the OHDSI Common Data Model, https://ohdsi.github.io/CommonDataModel/.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

SEX_OF = MappingProxyType({8507: "male", 8532: "female"})
"""gender_concept_id -> sex."""

SETTING_OF = MappingProxyType({9201: "inpatient", 262: "inpatient", 9202: "outpatient", 9203: "emergency"})
"""visit_concept_id -> setting; 262 is an emergency visit that became a stay."""

CONTACT_OF = MappingProxyType(
    {9201: "admission", 262: "admission_unplanned", 9202: "outpatient_visit", 9203: "emergency_visit"}
)
POSITION_OF = MappingProxyType({32901: "main", 32902: "main", 32903: "main"})
"""condition_status_concept_id -> position: primary admission, primary and primary discharge diagnosis."""

BOUNDS = (4171756, 4172704, 4171754, 4171755)
"""operator_concept_id of <, >, <= and >=: the value is a bound."""

UNIT_OF = MappingProxyType({8582: "cm", 8753: "mmol/L", 8840: "mg/dL", 8876: "mmHg", 9529: "kg", 9531: "kg/m2"})
"""unit_concept_id -> how its unit is written; others are told by their number."""

PERSON, PERIOD, DEATH, VISIT = "person", "observation_period", "death", "visit_occurrence"
LOCATION, SOURCE_OF_DATA = "location", "cdm_source"
VISIT_ID = "visit_occurrence_id"


@dataclass(frozen=True, kw_only=True)
class EventTable:
    """A table of the CDM whose rows become events."""

    name: str
    target: str
    """`name` and `target`: what the CDM and the contract call it."""
    date: tuple[str, ...]
    end: tuple[str, ...] = ()
    """`date` and `end`: columns, the first that is there counts."""
    source_code: tuple[str, ...] = ()
    concept: tuple[str, ...]
    """`source_code` and `concept`: the code as recorded, and standard or source concepts."""
    value: tuple[str, ...] = ()
    unit: tuple[str, ...] = ()
    unit_concept: tuple[str, ...] = ()
    """`value`, `unit` and `unit_concept`: the number and its unit."""
    value_text: tuple[str, ...] = ()
    operator: tuple[str, ...] = ()
    """`value_text` and `operator`: the value as recorded, and the operator before it: what begins with < or > is a
    bound."""
    status: str = ""
    """The column that tells a diagnosis's position."""
    codes: Mapping[int, str] = field(default_factory=dict)
    """Concept -> code, where the contract has a word for it."""
    era_of: str = ""
    """The table whose occurrences it sums up; it is read only where that is not there, or empty. How many occurrences
    an era has is known at its end only, so the count is no value of the day on which it began."""
    meaning: str = ""
    """What `value` is, for the manifest."""


EVENT_TABLES = (
    EventTable(
        name=VISIT,
        target="contacts",
        date=("visit_start_date", "visit_start_datetime"),
        end=("visit_end_date", "visit_end_datetime"),
        source_code=("visit_source_value",),
        concept=("visit_concept_id", "visit_source_concept_id"),
        codes=CONTACT_OF,
    ),
    EventTable(
        name="condition_occurrence",
        target="diagnoses",
        date=("condition_start_date", "condition_start_datetime"),
        end=("condition_end_date", "condition_end_datetime"),
        source_code=("condition_source_value",),
        concept=("condition_concept_id", "condition_source_concept_id"),
        status="condition_status_concept_id",
    ),
    EventTable(
        name="condition_era",
        target="diagnoses",
        date=("condition_era_start_date", "condition_era_start_datetime"),
        end=("condition_era_end_date", "condition_era_end_datetime"),
        concept=("condition_concept_id",),
        era_of="condition_occurrence",
    ),
    EventTable(
        name="drug_exposure",
        target="prescriptions",
        date=("drug_exposure_start_date", "drug_exposure_start_datetime"),
        end=("drug_exposure_end_date", "drug_exposure_end_datetime"),
        source_code=("drug_source_value",),
        concept=("drug_concept_id", "drug_source_concept_id"),
        value=("quantity",),
        meaning="value is the quantity as recorded, not defined daily doses",
    ),
    EventTable(
        name="drug_era",
        target="prescriptions",
        date=("drug_era_start_date", "drug_era_start_datetime"),
        end=("drug_era_end_date", "drug_era_end_datetime"),
        concept=("drug_concept_id",),
        era_of="drug_exposure",
    ),
    EventTable(
        name="procedure_occurrence",
        target="procedures",
        date=("procedure_date", "procedure_datetime"),
        source_code=("procedure_source_value",),
        concept=("procedure_concept_id", "procedure_source_concept_id"),
        value=("quantity",),
        meaning="value is the quantity",
    ),
    EventTable(
        name="measurement",
        target="measurements",
        date=("measurement_date", "measurement_datetime"),
        source_code=("measurement_source_value",),
        concept=("measurement_concept_id", "measurement_source_concept_id"),
        value=("value_as_number",),
        value_text=("value_source_value",),
        operator=("operator_concept_id",),
        unit=("unit_source_value",),
        unit_concept=("unit_concept_id",),
    ),
    EventTable(
        name="observation",
        target="observations",
        date=("observation_date", "observation_datetime"),
        source_code=("observation_source_value",),
        concept=("observation_concept_id", "observation_source_concept_id"),
        value=("value_as_number",),
        value_text=("value_as_string", "value_source_value"),
        unit=("unit_source_value",),
        unit_concept=("unit_concept_id",),
    ),
)
KNOWN_TABLES = (PERSON, PERIOD, DEATH, LOCATION, SOURCE_OF_DATA, *(table.name for table in EVENT_TABLES))

STANDARD_TABLES = frozenset(
    {
        *("visit_detail", "device_exposure", "note", "note_nlp", "specimen", "fact_relationship", "care_site"),
        *("provider", "payer_plan_period", "cost", "dose_era", "episode", "episode_event", "metadata", "concept"),
        *("vocabulary", "domain", "concept_class", "concept_relationship", "relationship", "concept_synonym"),
        *("concept_ancestor", "source_to_concept_map", "drug_strength", "cohort", "cohort_definition"),
    }
)
"""Tables of the CDM that nothing is read from."""
