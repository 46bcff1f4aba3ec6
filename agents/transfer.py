"""Copies between host and device; where the device is a GPU nothing waits for them.

Reference: PyTorch's tutorial "A guide on good usage of non_blocking and pin_memory",
https://docs.pytorch.org/tutorials/intermediate/pinmem_nonblock.html
"""

import torch
from torch import Tensor


def send(tensor: Tensor, device: torch.device) -> Tensor:
    """Copy a tensor of the host to a device, to a GPU by way of pinned memory."""
    if device.type != "cuda":
        return tensor.to(device)
    return tensor.pin_memory().to(device, non_blocking=True)


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
        self._event.record()

    def wait(self) -> tuple[Tensor, ...]:
        """Return the copies when they are there."""
        if self._event is not None:
            self._event.synchronize()
        return self._copies
