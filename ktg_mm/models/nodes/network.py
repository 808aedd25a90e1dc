"""Network node."""

import copy
from collections.abc import Mapping, Sequence
from typing import Any, cast

import torch
from mmengine.logging import MMLogger
from mmengine.runner import CheckpointLoader
from mmengine.runner.checkpoint import load_state_dict
from torch import Tensor, nn

import ktg_mm.checkpoints  # noqa: F401  makes mmengine's loaders safe
from ktg_mm.config.check_argument import check_flag, check_text
from ktg_mm.config.check_share import check_share_form
from ktg_mm.config.pretrained import pretrained_init
from ktg_mm.errors import UserError
from ktg_mm.registry import NODES
from ktg_mm.structures import NodeOutput, full_precision

from ..compiled import compiled_run, run_network
from .base import Node
from .build_network import build_network
from .feature_tap import EMBEDDING, MAP, FeatureTap, feature_of, find_layer
from .probe import probe


@NODES.register_module()
class NetworkNode(Node):
    """A classifier of mmpretrain as a node.

    Args:
        network: Config of any mmpretrain classifier whose ``mode='tensor'`` returns logits, ``init_cfg`` included.
        checkpoint: Weights to begin with: a file or address. A frozen teacher must have one (or an ``init_cfg`` of
            type Pretrained). Defaults to None.
        prefix: The part of the checkpoint's keys to take, such as ``'nodes.net1.network.'`` to take one node out of a
            graph's checkpoint. Defaults to None: the whole checkpoint.
        allow_random: True if the node may stay as randomly initialised though nobody teaches it. Defaults to False.
        attention_layer: The module of the network whose feature map gives the attention map, such as
            ``'backbone.layer2'``. Defaults to None: the attention branch's map, else the backbone's last feature map.
        share: What the network has in common with that of another node, its owner: ``dict(node='net1',
            until='backbone.layer1')``, all modules up to that one, or ``dict(node='net1', modules=['backbone.conv1'])``
            those alone. The same modules stand in both and run once for both; the owner's mode and first weights hold.
            Defaults to None: nothing.

    Raises:
        UserError: If the checkpoint does not fit the network.
        ConfigError: If the network cannot be built.
        ValueError: If the network has no module of the attention layer's name, or an argument has a wrong type.

    Example:
        >>> import torch, mmpretrain.models
        >>> node = NetworkNode(network=dict(
        ...     type='ImageClassifier', backbone=dict(type='LeNet5', num_classes=10), head=dict(type='ClsHead')))
        >>> node(torch.rand(2, 1, 32, 32)).logits.shape
        torch.Size([2, 10])
    """

    def __init__(
        self,
        network: dict,
        checkpoint: str | None = None,
        prefix: str | None = None,
        allow_random: bool = False,
        attention_layer: str | None = None,
        share: dict | None = None,
    ) -> None:
        super().__init__()
        self.network = build_network(network)
        self.checkpoint = check_text('checkpoint', checkpoint, 'a file or an address')
        self.prefix = check_text('prefix', prefix, "the beginning of the checkpoint's keys")
        self.allow_random = check_flag('allow_random', allow_random)
        # The module's name is looked up below.
        self.attention_layer = attention_layer and check_text('attention_layer', attention_layer, "a module's name")
        self.share = check_share_form(share)  # the graph puts the modules in
        self.is_compiled = False
        self._taps: dict[str, FeatureTap] = {}
        self._attention_tap: FeatureTap | None = None
        if attention_layer is not None:
            try:
                find_layer(self.network, attention_layer)
            except ValueError as error:
                raise ValueError(f'attention_layer: {error}') from error
        self._branch_tap = FeatureTap(self.network, 'backbone.attention_branch') if self._attention_branch else None

    @property
    def _attention_branch(self) -> nn.Module | None:
        return getattr(getattr(self.network, 'backbone', None), 'attention_branch', None)

    @property
    def has_attention_branch(self) -> bool:  # type: ignore[override]
        """Whether the outputs hold attention logits."""
        return self._attention_branch is not None

    def replace_module(self, name: str, module: nn.Module) -> None:
        """Puts another module in the place of one of the network's, before anybody asks for features."""
        own = self._attention_branch
        parent, _, child = name.rpartition('.')
        setattr(self.network.get_submodule(parent), child, module)
        if self._attention_branch is not own:
            self._branch_tap = FeatureTap(self.network, 'backbone.attention_branch')

    def numbers_of_classes(self) -> dict[str, int]:
        """The numbers of classes of the network's parts, by their keys in the node's config."""
        backbone = getattr(self.network, 'backbone', None)
        parts = {
            'network.head': getattr(self.network, 'head', None),
            'network.model': getattr(self.network, 'model', None),
            'network.backbone': self._attention_branch,
        }
        if not hasattr(parts['network.head'], 'num_classes') and self._attention_branch is None:
            parts['network.backbone'] = backbone  # LeNet5 and the like classify on their own
        numbers = {f'{key}.num_classes': getattr(part, 'num_classes', None) for key, part in parts.items()}
        numbers['network.vocab_size'] = getattr(self.network, 'vocab_size', None)
        return {key: number for key, number in numbers.items() if isinstance(number, int) and number > 0}

    def ask_for_attention(self) -> None:
        """Makes the outputs hold attention maps: those of ``attention_layer``, else the attention branch's.

        A network that has neither gives those of its last feature map. A feature map's attention is Attention
        Transfer's, Q = sum over the channels of the squared activation (Zagoruyko and Komodakis, ICLR 2017).

        Raises:
            ValueError: If the network has no feature map to take.
        """
        if self._attention_tap or (self._attention_branch is not None and self.attention_layer is None):
            return
        if self.attention_layer is None and getattr(self.network, 'backbone', None) is None:
            raise ValueError(
                f'has no attention map, as a {type(self.network).__name__} has no backbone to take it from; '
                'name a layer of it as attention_layer'
            )
        self._attention_tap = FeatureTap(self.network, self.attention_layer or MAP, 'attention_layer')

    def ask_for_features(self, layers: Sequence[str]) -> Mapping[str, torch.Size]:
        """Makes the following outputs hold features of the network."""
        for layer in layers:
            if layer not in self._taps:
                self._taps[layer] = FeatureTap(self.network, layer)
        shapes = probe(lambda images: self(images).features, self.network)
        return {layer: shapes[layer] for layer in layers}

    def classifier(self) -> Tensor:
        """The matrix of the network's last linear layer, shape (C, D)."""
        return cast(nn.Linear, find_layer(self.network, EMBEDDING)).weight

    def freeze(self) -> None:
        """Makes the node a frozen teacher: no gradients, eval mode for good."""
        self._load_pretrained_strictly()
        super().freeze()

    def _load_pretrained_strictly(self) -> None:
        """Takes over an init_cfg of type Pretrained: mmengine's leaves weights that are not found random."""
        pretrained = pretrained_init(self.network.init_cfg)
        if pretrained is not None and self.checkpoint is None:
            self.checkpoint, prefix = pretrained['checkpoint'], pretrained.get('prefix')
            self.prefix = f'{prefix.rstrip(".")}.' if prefix else None
            self.network.init_cfg = None

    def init_weights(self) -> None:
        """Initialises the network as its config says, then loads the node's checkpoint; modules of others stay."""
        kept = [copy.deepcopy(module.state_dict()) for module in self.shared]
        super().init_weights()
        if self.checkpoint is not None:
            load_network(self.network, self.checkpoint, self.prefix)
        for module, state in zip(self.shared, kept, strict=True):
            module.load_state_dict(state)

    def forward(self, inputs: Tensor) -> NodeOutput:  # type: ignore[override]
        """Returns the network's output for images of shape (B, channels, height, width)."""
        taps = [*self._taps.values(), *filter(None, (self._attention_tap, self._branch_tap))]
        for tap in taps:
            tap.open()
        run = compiled_run() if self.is_compiled else run_network
        logits = run(self.network, inputs)
        kept = {tap: tap.close() for tap in taps}
        attention, attention_logits = kept[self._branch_tap] if self._branch_tap else (None, None)
        if self._attention_tap is not None:
            attention = _attention_of(feature_of(kept[self._attention_tap], self._attention_tap.layer))
        return NodeOutput(
            logits,
            attention,
            attention_logits,
            {layer: feature_of(kept[tap], layer) for layer, tap in self._taps.items()},
        )


def _attention_of(feature: Tensor) -> Tensor | None:
    """Attention Transfer's map of a feature map (B, C, H, W), shape (B, H, W); None for another feature."""
    return full_precision(feature).square().sum(dim=1) if feature.dim() == 4 else None


def load_network(
    network: nn.Module, checkpoint: str, prefix: str | None = None, hint: str = 'is a prefix needed?'
) -> Mapping[str, Any]:
    """Loads weights into a network; every one must be there.

    Args:
        network: What to load into.
        checkpoint: File or address, loaded safely.
        prefix: Beginning of the keys to take, removed from them. Defaults to None: all keys.
        hint: What may be the matter if weights are missing and there is no prefix.

    Returns:
        The checkpoint's ``meta``, empty if it has none.

    Raises:
        UserError: If the file cannot be read, or a weight is not in it or has another shape.
    """
    whole = CheckpointLoader.load_checkpoint(checkpoint, map_location='cpu', logger='silent')
    weights = whole.get('state_dict', whole)
    if not isinstance(weights, Mapping):
        raise UserError(f'checkpoint {checkpoint}: its state_dict is a {type(weights).__name__}, not a dict of weights')
    if prefix:
        weights = {key[len(prefix) :]: value for key, value in weights.items() if key.startswith(prefix)}
    expected = network.state_dict()
    missing = [key for key in expected if key not in weights]
    if missing:
        raise UserError(
            f"checkpoint {checkpoint}: lacks {len(missing)} of the network's weights, such as {missing[0]!r}"
            + (f' (looked for keys that begin with {prefix!r})' if prefix else f'; {hint}')
        )
    for key, value in expected.items():
        if value.shape != weights[key].shape:
            raise UserError(
                f'checkpoint {checkpoint}: {key!r} has shape {tuple(weights[key].shape)}, '
                f"but the network's has {tuple(value.shape)}"
            )
    load_state_dict(network, weights, strict=False, logger=MMLogger.get_current_instance())
    meta = whole.get('meta')
    return meta if isinstance(meta, Mapping) else {}
