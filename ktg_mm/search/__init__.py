"""The search for graphs; data flow ``space -> study -> worker -> found, plots``, and nothing else knows Optuna."""

from .space.candidates import Candidate, Candidates
from .space.space import SearchSpace
from .study.address import StudyAddress
from .study.storage import open_storage
from .study.study import load_study
from .worker.asha_hook import ASHAHook
from .worker.progress import SearchProgress
from .worker.run_search import run_search
from .worker.worker import Worker
