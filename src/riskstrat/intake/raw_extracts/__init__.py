"""Registers as they really arrive: a folder of raw extracts and mappings in, a register folder and an account out."""
