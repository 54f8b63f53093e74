"""Records to numbers: one definition per figure, with name, unit, direction, formula and source."""
