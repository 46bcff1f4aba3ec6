"""Copies between host and device, where nothing waits for a GPU, and generators that are moved between devices.

Reference: PyTorch's tutorial "A guide on good usage of non_blocking and pin_memory",
https://docs.pytorch.org/tutorials/intermediate/pinmem_nonblock.html
"""

import zlib

import numpy as np
import torch
from torch import Tensor


def send(tensor: Tensor, device: torch.device) -> Tensor:
    """Copy a tensor of the host to a device, to a GPU by way of pinned memory."""
    if device.type != "cuda":
        return tensor.to(device)
    return tensor.pin_memory().to(device, non_blocking=True)


def send_array(array: np.ndarray, device: torch.device) -> Tensor:
    """Copy an array to a device as `send` does; on the host the tensor shares its memory."""
    return send(torch.from_numpy(array), device)


def load_generator(generator: torch.Generator, state: Tensor) -> None:
    """Give a generator the state that one had, or a seed where that one was on another kind of device.

    Args:
        generator: Goes on as the saved one would have, or from the state's checksum.
        state: What `get_state` returned, uint8 of a length that is the device's own.
    """
    if len(state) == len(generator.get_state()):
        generator.set_state(state)
    else:
        generator.manual_seed(zlib.crc32(state.numpy().tobytes()))


class Arrival:
    """Copies of tensors on their way to the host.

    Args:
        tensors: Tensors of one device, detached.
    """

    def __init__(self, *tensors: Tensor):
        self._event: torch.cuda.Event | None = None
        if tensors[0].device.type != "cuda":
            self._copies = tuple(tensor.cpu() for tensor in tensors)
            return
        self._copies = tuple(
            torch.empty_like(tensor, device="cpu", pin_memory=True).copy_(tensor, non_blocking=True)
            for tensor in tensors
        )
        self._event = torch.cuda.Event()
        self._event.record(torch.cuda.current_stream(tensors[0].device))

    def wait(self) -> tuple[Tensor, ...]:
        """Return the copies when they are there."""
        if self._event is not None:
            self._event.synchronize()
        return self._copies
