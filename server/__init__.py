"""The program: the only place where the parts meet."""
