"""The union's rules and their storage: one file per noun."""
