"""The search for graphs; the only part that knows Optuna."""

from .asha_hook import ASHAHook
from .candidates import Candidate, Candidates
from .progress import SearchProgress
from .run_search import run_search
from .space import SearchSpace
from .study import load_study, open_storage
from .worker import Worker

__all__ = [
    'ASHAHook',
    'Candidate',
    'Candidates',
    'SearchProgress',
    'SearchSpace',
    'Worker',
    'load_study',
    'open_storage',
    'run_search',
]
