"""The risk gate: four layers, every check always evaluated, one verdict with every number in it."""
