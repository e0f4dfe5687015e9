"""Where does prevention do most good? From registers to priority areas."""
