"""Graphs trained as one: their networks' parameters stacked, their edges numbers."""

from .check_stackable import check_alike, check_stackable
from .stacked_graphs import StackedGraphs
