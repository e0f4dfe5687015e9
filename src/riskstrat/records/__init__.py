"""The frozen values that travel between stages; records write nothing."""
