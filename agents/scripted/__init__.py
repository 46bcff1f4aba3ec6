"""Policies that learn no network: constant, random, and tables over phase and kind with the search that fills them."""

from agents.scripted.constant import ConstantPolicy
from agents.scripted.explore import SearchTask
from agents.scripted.layout import WorkLayout
from agents.scripted.random import RandomPolicy
from agents.scripted.search import SearchConfig, SearchResult, SearchRound, search_table
from agents.scripted.tables import BLIND_CONSTANT, BLIND_SCHEDULE, ORACLE, TablePolicy, Ties

__all__ = [
    "BLIND_CONSTANT",
    "BLIND_SCHEDULE",
    "ORACLE",
    "ConstantPolicy",
    "RandomPolicy",
    "SearchConfig",
    "SearchResult",
    "SearchRound",
    "SearchTask",
    "TablePolicy",
    "Ties",
    "WorkLayout",
    "search_table",
]
