"""Caval: review and teaching of deep-venous procedures on venography and IVUS."""

__version__ = "0.1.0"
