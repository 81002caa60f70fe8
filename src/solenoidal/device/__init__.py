"""The kernel on a device with its own memory: an NVIDIA GPU through CuPy.

Everything but :mod:`solenoidal.device.cuda` is written against the array interface that NumPy and CuPy share.
"""

from solenoidal.device.backend import Device, find
from solenoidal.device.crew import Accelerator

__all__ = ["Accelerator", "Device", "find"]
