"""Who lives where: the public number of residents by which small areas are merged."""

from datetime import date

from riskstrat.study.partition import inhabited_areas
from small_registers import BuildRegisters


def test_residents_are_those_of_the_day_before_and_alive(build_registers: BuildRegisters):
    born, day = date(1980, 1, 1), date(2020, 1, 1)
    registers = build_registers(
        [
            {"person_id": 1, "birth_date": born},
            {"person_id": 2, "birth_date": born, "death_date": date(2019, 12, 31)},
            {"person_id": 3, "birth_date": born},
            {"person_id": 4, "birth_date": born},
        ],
        residences=[
            {"person_id": 1, "start_date": born, "area_id": "A"},
            {"person_id": 2, "start_date": born, "area_id": "A"},
            {"person_id": 3, "start_date": born, "end_date": date(2019, 12, 31), "area_id": "B"},
            {"person_id": 3, "start_date": day, "area_id": "C"},
            {"person_id": 4, "start_date": date(2020, 1, 2), "area_id": "D"},
        ],
    )
    assert inhabited_areas(registers, day).rows() == [("A", 1), ("B", 1), ("C", 0)]
