"""Networks of torchvision as backbones."""

import copy
from typing import Any

import torch
import torchvision.models
from mmpretrain.models.backbones.base_backbone import BaseBackbone
from mmpretrain.registry import MODELS
from torch import Tensor, nn
from torchvision.models.feature_extraction import create_feature_extractor, get_graph_node_names

from ktg_mm.config.check_argument import check_init
from ktg_mm.errors import ConfigError, did_you_mean

# Sequences stay modules that can be asked for their outputs.
_TRACER = dict(leaf_modules=[nn.Sequential])


@MODELS.register_module()
class TorchvisionBackbone(BaseBackbone):
    """A classifier of torchvision up to its last feature map, for a neck and a head of mmpretrain's.

    Its vision transformers (``vit_b_16``) have no feature map and are refused: mmpretrain has ``VisionTransformer``.

    Args:
        model: Name of the network, such as ``'resnet18'``; one of
            ``torchvision.models.list_models(torchvision.models)``.
        weights: Weights to begin with: ``'DEFAULT'``, torchvision's best, or one by name, ``'IMAGENET1K_V1'``; they are
            downloaded when the network is built. Default: None, torchvision's random ones.
        layer: The module or operation whose output is the feature map, such as ``'layer3'``, by the name that
            ``torchvision.models.feature_extraction.get_graph_node_names`` gives it where sequences are leaves. Default:
            None, the last feature map of the network; SqueezeNet's is of its classifier, ``'features'`` the one before.
        init_cfg: How mmengine initialises the weights. Default: None, as torchvision does.

    Attributes:
        out_channels: Channels of the feature map: the head's ``in_channels``.

    Raises:
        ConfigError: If a name is unknown, or what the layer gives is no feature map (N, C, H, W).
        ValueError: If ``init_cfg`` is none.

    Example:
        >>> backbone = TorchvisionBackbone('squeezenet1_1', layer='features')
        >>> (features,) = backbone(torch.rand(2, 3, 64, 64))
        >>> features.shape, backbone.out_channels
        (torch.Size([2, 512, 3, 3]), 512)
    """

    def __init__(
        self,
        model: str,
        weights: str | None = None,
        layer: str | None = None,
        init_cfg: dict[str, Any] | list[dict[str, Any]] | None = None,
    ) -> None:
        known = [name for name in torchvision.models.list_models(torchvision.models) if not name.startswith('vit_')]
        if model not in known:
            raise ConfigError('model', f'torchvision has no network {model!r}; {did_you_mean(model, known)}')
        if weights is not None:
            named = ['DEFAULT', *torchvision.models.get_model_weights(model).__members__]
            if weights not in named:
                raise ConfigError('weights', f'{model} has no weights {weights!r}; {did_you_mean(weights, named)}')
        super().__init__(check_init('init_cfg', init_cfg))
        network = torchvision.models.get_model(model, weights=weights)
        maps = _feature_maps(network)
        inside = [name for name in maps if layer is None or name == layer or name.startswith(f'{layer}.')]
        if not inside:
            names = {name.partition('.')[0] for name in maps} | maps.keys()
            raise ConfigError('layer', f'{model} has no feature map {layer!r}; {did_you_mean(layer, names)}')
        self.out_channels = maps[inside[-1]]
        self.network = create_feature_extractor(network, {inside[-1]: 'map'}, tracer_kwargs=_TRACER)

    def forward(self, x: Tensor) -> tuple[Tensor]:
        """Returns the feature map (N, out_channels, H, W), in a tuple as mmpretrain's backbones do."""
        return (self.network(x)['map'],)


def _feature_maps(network: nn.Module) -> dict[str, int]:
    """The channels of each module's or operation's square output, in the order in which they are computed."""
    traced = copy.deepcopy(network).to('meta').eval()
    names = get_graph_node_names(traced, tracer_kwargs=_TRACER)[1][1:]
    images = torch.empty(1, 3, 224, 224, device='meta')
    outputs = create_feature_extractor(traced, {name: name for name in names}, tracer_kwargs=_TRACER)(images)
    return {
        name: output.shape[1]
        for name, output in outputs.items()
        if isinstance(output, Tensor) and output.dim() == 4 and output.shape[2] == output.shape[3] > 1
    }
