"""Arrays in, arrays out: the mathematics of the samplers, on numpy and scipy only."""
