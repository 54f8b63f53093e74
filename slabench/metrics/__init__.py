"""Records to numbers: one definition per metric, with name, unit, direction, formula and source."""
