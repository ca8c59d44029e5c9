"""The benchmark: what a request costs beside its floor, and whether queries stay flat."""
