"""The same model as the agents', as compiled loops over columns: the same tape, bit for bit."""

from sim.kernels.model import ColumnModel

__all__ = ["ColumnModel"]
