"""What trained graphs are like: how their nodes differ, and what their ensembles gain by it."""

from typing import TYPE_CHECKING

from ktg_mm.lazy import lazy_names

if TYPE_CHECKING:
    from .calibration import analyse_calibration
    from .diversity import analyse_diversity
    from .mutual_kl import analyse_mutual_kl
    from .parameters import analyse_parameters
    from .predict import predict_dataset
    from .predictions import Predictions, merge
    from .result import Result
    from .subsets import analyse_subsets
else:
    __getattr__, __dir__, __all__ = lazy_names(__name__, __file__)
