"""Entry points: thin scripts over private modules that join the simulation, the learners and the economics."""

import os

# Read once, when torch loads OpenMP: threads that spin while they wait collapse when another process takes a core.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
