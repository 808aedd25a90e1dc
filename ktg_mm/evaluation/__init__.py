"""Metrics."""

from .node_metric import NodeMetric

__all__ = ['NodeMetric']
