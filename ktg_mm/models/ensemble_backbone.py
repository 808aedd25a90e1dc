"""An ensemble with all its networks, as one backbone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import Any

import torch
from mmengine.model import BaseModule, ModuleDict
from mmpretrain.registry import MODELS
from torch import Tensor, nn

from ktg_mm.registry import NODES
from ktg_mm.structures import NodeOutput

from .nodes.feature_tap import EMBEDDING, find_layer


@MODELS.register_module()
class EnsembleBackbone(BaseModule):
    """What an exported ensemble runs: the networks, then the ensemble's own node on what they say.

    It gives logits, as LeNet5 does: with a ``ClsHead`` it is an ``ImageClassifier`` of mmpretrain.

    Args:
        networks: Configs of the networks by name.
        ensembles: Configs of the ensembles by name, each after those that it reads; the last one's logits are given.
        shapes: Shapes of the features that ensembles read, without the samples, by network and layer. Defaults to
            None: they read logits alone.
        shared: Modules that a network has from an earlier one: ``dict(net2=dict(net1=['backbone.conv1']))``. They are
            there once, but run for each network. Defaults to None.
        num_classes: Number of classes, for ensembles with a classifier of their own. Defaults to None.
        init_cfg: As in mmengine. Defaults to None.

    Example:
        >>> import mmpretrain.models, ktg_mm.models
        >>> network = dict(type='ImageClassifier', backbone=dict(type='LeNet5', num_classes=10),
        ...                head=dict(type='ClsHead'))
        >>> ensemble = dict(type='EnsembleNode', members=['a', 'b'])
        >>> backbone = EnsembleBackbone(dict(a=network, b=network), dict(ensemble=ensemble)).eval()
        >>> backbone(torch.rand(2, 1, 32, 32))[0].shape
        torch.Size([2, 10])
    """

    def __init__(
        self,
        networks: Mapping[str, dict[str, Any]],
        ensembles: Mapping[str, dict[str, Any]],
        shapes: Mapping[str, Mapping[str, Sequence[int]]] | None = None,
        shared: Mapping[str, Mapping[str, Sequence[str]]] | None = None,
        num_classes: int | None = None,
        init_cfg: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.networks = ModuleDict({name: MODELS.build(network) for name, network in networks.items()})
        for name, owners in (shared or {}).items():
            for owner, modules in owners.items():
                for module in modules:
                    self.networks[name].set_submodule(module, self.networks[owner].get_submodule(module))
        self.ensembles = ModuleDict({name: NODES.build(ensemble) for name, ensemble in ensembles.items()})
        self.shapes = {
            name: {layer: torch.Size(shape) for layer, shape in of.items()} for name, of in (shapes or {}).items()
        }
        for ensemble in self.ensembles.values():
            if num_classes is not None:
                ensemble.set_num_classes(num_classes)
            if any(ensemble.reads().values()):
                ensemble.set_shapes(self.shapes)

    def forward(self, inputs: Tensor) -> tuple[Tensor]:
        """Returns the ensemble's logits (B, C) for images (B, channels, height, width)."""
        outputs = {name: self._run(name, inputs) for name in self.networks}
        for name, ensemble in self.ensembles.items():
            outputs[name] = ensemble([outputs[member] for member in ensemble.inputs])
        return (outputs[name].logits,)

    def _run(self, name: str, inputs: Tensor) -> NodeOutput:
        """What a network says, with the features that ensembles read."""
        network, features = self.networks[name], dict[str, Any]()
        with ExitStack() as hooks:
            for layer in self.shapes.get(name, ()):
                hooks.enter_context(_keep(find_layer(network, layer), layer, features))
            logits = network(inputs, mode='tensor')
        # Of a layer's several outputs it is the last.
        last = {layer: kept[-1] if isinstance(kept, (list, tuple)) else kept for layer, kept in features.items()}
        return NodeOutput(logits, features=last)


def _keep(module: nn.Module, layer: str, features: dict[str, Any]) -> Any:
    """A hook that keeps a layer's feature while it is there."""

    def keep_input(module: nn.Module, args: tuple) -> None:
        features[layer] = args[0]

    def keep_output(module: nn.Module, args: tuple, output: Any) -> None:
        features[layer] = output

    if layer == EMBEDDING:
        return module.register_forward_pre_hook(keep_input)
    return module.register_forward_hook(keep_output)
