"""The search for graphs; the only part that knows Optuna."""

from .space.candidates import Candidate, Candidates
from .space.space import SearchSpace
from .study.study import load_study, open_storage
from .worker.asha_hook import ASHAHook
from .worker.progress import SearchProgress
from .worker.run_search import run_search
from .worker.worker import Worker

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
