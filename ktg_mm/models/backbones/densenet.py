"""DenseNet-depth-growth for images of 32 pixels."""

from collections.abc import Sequence
from typing import Any

from mmpretrain.models.backbones.densenet import DenseBlock
from mmpretrain.registry import MODELS
from torch import nn

from ktg_mm.config import check_number
from ktg_mm.config.check_argument import check_flag, check_init, check_part, check_whole
from ktg_mm.config.check_number import is_whole
from ktg_mm.errors import ConfigError

from .resnet_cifar import check_stages
from .three_stages import ThreeStages, check_hidden


@MODELS.register_module()
class CIFARDenseNet(ThreeStages):
    """DenseNet-d-k with bottlenecks: Huang et al., CVPR 2017, as born-again networks have it (ICML 2018, table 1).

    A 3x3 stem of 2k channels and three dense blocks of (d-4)/6 layers, rounded down, each a 1x1 convolution to 4k and a
    3x3 convolution to k channels with norm and ReLU before them (mmpretrain's ``DenseBlock``); after every block a
    transition that halves the channels. Huang et al. have none after the last block: with it, three of the four
    networks of table 1 have the parameters that are printed there, 16.17M (DenseNet-90-60), 22.42M (80-80) and 50.36M
    (80-120) with 10 classes. DenseNet-112-33 has 7.45M, and 6.3M there; of 16 layers a block, depth 100, 6.12M.

    With ``last_transition=False`` it is the DenseNet-BC of Huang et al., with their parameters: 0.8M (depth 100, growth
    12), 15.3M (250, 24) and 25.6M (190, 40) with 10 classes. Weights begin as in their code, from He's normal
    distribution by what goes out.

    Args:
        depth: d, at least 10. Default: 112.
        growth_rate: k, the channels that each layer adds. Default: 33.
        hidden_channels: Channels after each of the three transitions, whatever comes before them: students of table 4
            take their teacher's. Default: half of what comes before them, rounded down.
        stem_channels: Channels of the stem. Default: 2k.
        drop_rate: Probability of dropout after each layer, in [0, 1). Default: 0.
        in_channels: Channels of the images, 1 for grey ones. Default: 3.
        out_indices: The stages whose feature maps are returned, counted from 0, as they are after the transitions; only
            the last one's map has gone through a norm and ReLU. Default: ``(2, )``, the last.
        norm_cfg: Kind of the norm layers, such as ``dict(type='GN', num_groups=2)``. Default: batch norm.
        init_cfg: How mmengine initialises the weights. Default: Kaiming for convolutions, 1 for norms.
        last_transition: Whether there is a transition after the last block, too. Default: True.

    Attributes:
        out_channels: Channels of the last feature map.

    Raises:
        ConfigError: The depth is too low, an index names no stage, or the hidden channels are not three, or given where
            there is no last transition.
        ValueError: If another argument has a wrong type or is out of range.

    Example:
        >>> import torch
        >>> (features,) = CIFARDenseNet(depth=16, growth_rate=6)(torch.rand(2, 3, 32, 32))
        >>> features.shape
        torch.Size([2, 12, 8, 8])
    """

    def __init__(
        self,
        depth: int = 112,
        growth_rate: int = 33,
        hidden_channels: Sequence[int] | None = None,
        stem_channels: int | None = None,
        drop_rate: float = 0.0,
        in_channels: int = 3,
        out_indices: tuple[int, ...] = (2,),
        norm_cfg: dict[str, Any] | None = None,
        init_cfg: dict[str, Any] | list[dict[str, Any]] | None = None,
        last_transition: bool = True,
    ) -> None:
        if not is_whole(depth) or depth < 10:
            raise ConfigError('depth', f'{depth!r} is too low: must be a whole number, at least 10')
        self.growth_rate = check_whole('growth_rate', growth_rate)
        self.drop_rate = check_number('drop_rate', drop_rate, '[0, 1)')
        self.num_layers = (depth - 4) // 6
        stem_channels = 2 * growth_rate if stem_channels is None else check_whole('stem_channels', stem_channels)
        check_whole('in_channels', in_channels)
        check_part('norm_cfg', norm_cfg)
        check_init('init_cfg', init_cfg)
        check_flag('last_transition', last_transition)
        if hidden_channels is not None and not last_transition:
            raise ConfigError('hidden_channels', 'are three; leave them out, or keep the last transition')
        if hidden_channels is None:
            hidden_channels, channels = [], stem_channels
            for _ in range(3):
                channels = (channels + self.num_layers * growth_rate) // 2
                hidden_channels.append(channels)
        stages = check_stages(out_indices)
        hidden = check_hidden(hidden_channels)
        super().__init__(in_channels, stem_channels, hidden, stages, norm_cfg, init_cfg, last_transition)

    def make_layer(self, in_channels: int, hidden: int, norm_cfg: dict[str, Any]) -> tuple[nn.Module, int]:
        """Builds a dense block."""
        block = DenseBlock(self.num_layers, in_channels, 4, self.growth_rate, norm_cfg, drop_rate=self.drop_rate)
        return block, in_channels + self.num_layers * self.growth_rate
