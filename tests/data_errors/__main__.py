"""Write extracts with planted data errors: REGISTERS OUT [PEOPLE] [SEED]."""

import sys

from data_errors import write_faulty_extracts

if __name__ == "__main__":
    registers_folder, out, *numbers = sys.argv[1:]
    write_faulty_extracts(registers_folder, out, *map(int, numbers))
