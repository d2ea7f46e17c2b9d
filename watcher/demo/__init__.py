"""A sample news web on loopback and a run of the real pipeline on it, without network or config."""
