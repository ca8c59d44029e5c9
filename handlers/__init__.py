"""HTTP and nothing else: one file per noun."""
