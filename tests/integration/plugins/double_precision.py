"""The graph in float64: the networks, what they are initialised with, and the images."""

from typing import Any

import torch
from mmpretrain.registry import MODELS

from ktg_mm.models.graph import KnowledgeTransferGraph
from ktg_mm.models.graph_data_preprocessor import GraphDataPreprocessor


@MODELS.register_module()
class DoublePreprocessor(GraphDataPreprocessor):
    def forward(self, data: dict, training: bool = False) -> dict:
        batch = super().forward(data, training)
        inputs = batch['inputs']
        if isinstance(inputs, dict):
            return batch | dict(inputs={name: view.double() for name, view in inputs.items()})
        return batch | dict(inputs=inputs.double())


@MODELS.register_module()
class DoubleGraph(KnowledgeTransferGraph):
    """Its weights are double before the distributed wrapper looks at them."""

    def __init__(self, *args: Any, data_preprocessor: dict, **kwargs: Any) -> None:
        data_preprocessor = dict(data_preprocessor, type='DoublePreprocessor')
        super().__init__(*args, data_preprocessor=data_preprocessor, **kwargs)
        self.double()
        assert next(self.parameters()).dtype == torch.float64
