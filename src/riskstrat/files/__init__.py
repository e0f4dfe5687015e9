"""Files and folders written whole or not at all, and the guard of every folder that a command writes."""

from riskstrat.files.documents import read_document, write_document
from riskstrat.files.guard import (
    RESULT_FILE,
    Source,
    changed_since_written,
    guard_file,
    guard_folder,
    guard_shared_folder,
    mark_result,
)
from riskstrat.files.names import file_name_problems
from riskstrat.files.staging import UNFINISHED, Staging, exclusive, restored, staged_folder, whole_file

__all__ = [
    "RESULT_FILE",
    "Source",
    "Staging",
    "UNFINISHED",
    "changed_since_written",
    "exclusive",
    "file_name_problems",
    "guard_file",
    "guard_folder",
    "guard_shared_folder",
    "mark_result",
    "read_document",
    "restored",
    "staged_folder",
    "whole_file",
    "write_document",
]
