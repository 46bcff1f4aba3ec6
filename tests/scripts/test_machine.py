"""Tests for what learning can get from the machine."""

from __future__ import annotations

import ctypes
from types import SimpleNamespace

import pytest
import torch

from scripts._machine import LARGEST_BYTES, M_MMAP_THRESHOLD, M_TRIM_THRESHOLD, has_bfloat16, keep_freed_memory


def test_freed_memory_is_kept_where_the_library_can(monkeypatch):
    asked = []

    def mallopt(option: int, value: int) -> int:
        asked.append((option, value))
        return 1

    monkeypatch.setattr(ctypes, "CDLL", lambda name: SimpleNamespace(mallopt=mallopt))
    assert keep_freed_memory()
    assert asked == [(M_MMAP_THRESHOLD, LARGEST_BYTES), (M_TRIM_THRESHOLD, LARGEST_BYTES)]
    monkeypatch.setattr(ctypes, "CDLL", lambda name: SimpleNamespace())
    assert not keep_freed_memory()


@pytest.mark.parametrize(
    ("found", "there"),
    [({"amx_bf16": True}, True), ({"avx512_bf16": True}, True), ({"avx512_f": True}, False), ({}, False)],
)
def test_bfloat16_is_there_where_the_processor_says_so(monkeypatch, found, there):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: found, raising=False)
    assert has_bfloat16() is there
