"""Optimisers."""

from .autocast_optim_wrapper import AutocastOptimWrapper
from .node_optim_wrapper_constructor import NodeOptimWrapperConstructor
from .phase_optim_wrapper import PhaseOptimWrapper
