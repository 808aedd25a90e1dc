"""The comparison of methods: one data set, one recipe, equal budgets; ``rows -> budget -> plan -> run -> report``."""

from typing import TYPE_CHECKING

from ktg_mm.lazy import lazy_names

if TYPE_CHECKING:
    from .plan import Plan, make_plans
    from .report import Result, read_results
    from .rows import Row, read_rows
    from .run import run_benchmark
else:
    __getattr__, __dir__, __all__ = lazy_names(__name__, __file__)
