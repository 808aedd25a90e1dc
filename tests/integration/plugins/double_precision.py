"""The graph in float64: the networks, what they are initialised with, and the images."""

from typing import Any

import torch
from mmpretrain.models import ClsDataPreprocessor
from mmpretrain.registry import MODELS

from ktg_mm.models.graph import KnowledgeTransferGraph


@MODELS.register_module()
class DoublePreprocessor(ClsDataPreprocessor):
    def forward(self, data: dict, training: bool = False) -> dict:
        batch = super().forward(data, training)
        return batch | dict(inputs=batch['inputs'].double())


@MODELS.register_module()
class DoubleGraph(KnowledgeTransferGraph):
    """Its weights are double before the distributed wrapper looks at them."""

    def __init__(self, *args: Any, data_preprocessor: dict, **kwargs: Any) -> None:
        data_preprocessor = dict(data_preprocessor, type='DoublePreprocessor')
        super().__init__(*args, data_preprocessor=data_preprocessor, **kwargs)
        self.double()
        assert next(self.parameters()).dtype == torch.float64
