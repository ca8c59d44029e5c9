"""Commands: thin, they call what stands below them."""
