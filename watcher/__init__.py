"""A news watcher: feeds in, scored articles, told once."""

__version__ = "0.1.0"
