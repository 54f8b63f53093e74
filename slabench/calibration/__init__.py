"""How wrong is our own client? It drives `sim:null`, which knows what it really wrote, with the load that a
test will have."""

from slabench.calibration.calibrate import Calibrator
from slabench.calibration.shape import Shape

__all__ = ["Calibrator", "Shape"]
