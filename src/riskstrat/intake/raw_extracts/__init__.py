"""Raw extracts of agencies: a folder of files and mappings in, a register folder and an account out."""
