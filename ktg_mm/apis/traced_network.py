"""A network as one file for other runtimes: ONNX, and torch.export's."""

from __future__ import annotations

import importlib.util
import io
import json
import re
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np
import torch
from mmengine.dataset import Compose
from mmpretrain.registry import TRANSFORMS
from torch import Tensor, nn

from ktg_mm.errors import ConfigError, UserError, first_line

_PACKAGES = ('onnx', 'onnxruntime', 'onnxscript')
_CLOSE = 1e-4  # of the largest logit, or of 1 if that is larger
_BATCHES = (1, 3)


def check_onnx_packages() -> None:
    """Refuses ``--onnx`` where a package is missing that it takes.

    Raises:
        UserError: If so; one line.
    """
    missing = [name for name in _PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        raise UserError(f"--onnx: {', '.join(missing)}: not installed; pip install 'ktg_mm[onnx]'")


def input_shape(pipeline: Sequence[Mapping[str, Any]], key: str) -> tuple[int, int, int]:
    """The channels, height and width of what a pipeline makes of any image file.

    Args:
        pipeline: Its steps.
        key: The config key, for the message.

    Raises:
        ConfigError: If images of different sizes come out different.

    Example:
        >>> import mmpretrain.datasets
        >>> steps = [dict(type='LoadImageFromFile'), dict(type='Resize', scale=(8, 9)), dict(type='PackInputs')]
        >>> input_shape(steps, 'test_pipeline')
        (3, 9, 8)
    """
    steps, shapes = Compose([TRANSFORMS.build(dict(step)) for step in pipeline]), set()
    with tempfile.TemporaryDirectory() as folder:
        for height, width in ((500, 350), (300, 400)):
            image = f'{folder}/{height}.png'
            cv2.imwrite(image, np.zeros((height, width, 3), np.uint8))
            shapes.add(tuple(steps(dict(img_path=image))['inputs'].shape))
    if len(shapes) > 1:
        raise ConfigError(
            key, 'makes images of several sizes; --onnx and --torch-export need one, such as by CenterCrop'
        )
    return shapes.pop()


class TracedNetwork:
    """A classifier of mmpretrain with its data preprocessor, traced for a batch of any size.

    It takes ``images``, float32 (N, channels, height, width), as the test pipeline gives them, that is with values from
    0 to 255 and colours as BGR, and gives ``logits``, float32 (N, classes). Every file is run when it is written: it
    must agree with the classifier.

    Args:
        network: The classifier.
        shape: The channels, height and width of its images.
        option: What the user has asked for, for the message.

    Raises:
        UserError: If it cannot be traced, as what it does depends on values.

    Example:
        >>> import mmpretrain.models
        >>> from ktg_mm.models.nodes.build_network import build_network
        >>> lenet = dict(type='LeNet5', num_classes=10)
        >>> network = build_network(dict(type='ImageClassifier', backbone=lenet, head=dict(type='ClsHead')))
        >>> traced = TracedNetwork(network, (1, 32, 32))
        >>> traced.program.module()(torch.zeros(5, 1, 32, 32)).shape
        torch.Size([5, 10])
    """

    def __init__(self, network: nn.Module, shape: tuple[int, int, int], option: str = '--torch-export') -> None:
        self.whole, self.shape = _Whole(network).eval().requires_grad_(False), shape
        dimensions = dict(images={0: torch.export.Dim('batch')})
        try:
            with torch.no_grad():
                self.program = torch.export.export(self.whole, (self._images(2),), dynamic_shapes=dimensions)
        except Exception as error:
            raise UserError(
                f'{option}: the network cannot be traced: {first_line(error)}; leave {option} out'
            ) from error

    def _images(self, number: int) -> Tensor:
        generator = torch.Generator().manual_seed(number)
        return torch.randint(0, 256, (number, *self.shape), generator=generator).float()

    def save(self, path: Path, about: Mapping[str, Any]) -> None:
        """Writes torch.export's file, for :func:`torch.export.load`.

        Args:
            path: The file.
            about: What to say of it; in the file it is ``about.json``.

        Raises:
            UserError: If it does not give what the classifier does.
        """
        with path.open('wb') as file:
            torch.export.save(self.program, file, extra_files={'about.json': json.dumps(about)})
        module = torch.export.load(io.BytesIO(path.read_bytes())).module()
        self._check('--torch-export', module)

    def save_onnx(self, path: Path, about: Mapping[str, Any]) -> None:
        """Writes ONNX.

        Args:
            path: The file.
            about: What to say of it; in the file it is the model's metadata, each value as JSON.

        Raises:
            UserError: If ONNX lacks an operation, or onnxruntime does not give what the classifier does.
        """
        import onnxruntime

        try:
            found = torch.onnx.export(
                self.program,
                input_names=['images'],
                output_names=['logits'],
                dynamic_shapes=dict(images={0: 'batch'}),
                dynamo=True,
                verbose=False,
            )
            assert found is not None
            found.model.metadata_props.update({key: json.dumps(value) for key, value in about.items()})
            path.write_bytes(found.model_proto.SerializeToString())
            session = onnxruntime.InferenceSession(str(path), providers=['CPUExecutionProvider'])
        except Exception as error:
            raise UserError(f'--onnx: {_reason(error)}; leave --onnx out, or take --torch-export') from error
        self._check('--onnx', lambda images: torch.from_numpy(session.run(None, dict(images=images.numpy()))[0]))

    def _check(self, option: str, run: Callable[[Tensor], Tensor]) -> None:
        for number in _BATCHES:
            images = self._images(number)
            with torch.no_grad():
                expected, found = self.whole(images), run(images)
            bound = _CLOSE * max(1.0, float(expected.abs().max()))
            # Also if it is not a number.
            if found.shape != expected.shape or not float((found - expected).abs().max()) <= bound:
                what = f'shape {tuple(found.shape)} for {tuple(expected.shape)}'
                if found.shape == expected.shape:
                    what = f'{float((found - expected).abs().max()):.1e} beside them, more than {bound:.1e}'
                raise UserError(
                    f'{option}: a batch of {number} gives other logits than the network, {what}; nothing is written, '
                    f'leave {option} out'
                )


class _Whole(nn.Module):
    """From images as they are loaded to logits."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> Tensor:
        inputs = cast(nn.Module, self.network.data_preprocessor)(dict(inputs=images))['inputs']
        return self.network(inputs, mode='tensor')


def _reason(error: Exception) -> str:
    """What is wrong with a conversion: the operation, if it is that."""
    cause: BaseException | None = error
    while cause is not None:
        if match := re.match(r"No ONNX function found for <OpOverload\(op='([\w.:]+)'", str(cause)):
            return f'ONNX lacks the operation {match[1]}, which the network takes'
        cause = cause.__cause__
    return f'cannot be written: {first_line(error)}'
