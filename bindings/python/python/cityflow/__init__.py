"""City Brain's traffic engine with the class and method names of the ``cityflow`` module."""

from ._native import Archive, Engine

__all__ = ["Archive", "Engine"]
