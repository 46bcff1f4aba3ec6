"""The tasks: each a `CellsTask` with its two factories."""
