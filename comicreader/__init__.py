"""Comic Reader: a desktop reader that tells the story of each panel and learns from its reader."""

__version__ = "0.1.0"
