"""The pickler itself, and what stands around one dump: stores, signatures, failures."""
