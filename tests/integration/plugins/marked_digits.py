"""Digits that leave a mark when they are read."""

import os
from pathlib import Path
from typing import Any

from mmpretrain.registry import DATASETS

from ktg_mm.datasets import Digits


@DATASETS.register_module()
class MarkedDigits(Digits):
    def load_data_list(self) -> list[dict[str, Any]]:
        Path(os.environ['MARK']).touch()
        return super().load_data_list()
