"""The search for graphs; data flow ``space -> study -> worker -> found, plots``, and nothing else knows Optuna."""

from typing import TYPE_CHECKING

from ktg_mm.lazy import lazy_names

if TYPE_CHECKING:
    from .space.candidates import Candidate, Candidates
    from .space.space import SearchSpace
    from .study.address import StudyAddress
    from .study.storage import open_storage
    from .study.study import load_study
    from .worker.asha_hook import ASHAHook
    from .worker.progress import SearchProgress
    from .worker.run_search import run_search
    from .worker.worker import Worker
else:
    __getattr__, __dir__, __all__ = lazy_names(__name__, __file__)
