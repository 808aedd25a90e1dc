"""Copies the configs and tools into the wheel; all else is in setup.cfg."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py


class BuildWithConfigs(build_py):
    """Puts them where OpenMMLab's packages have theirs."""

    def run(self) -> None:
        """Builds."""
        super().run()
        if self.editable_mode:  # the checkout has them
            return
        for folder in ('configs', 'tools'):
            target = Path(self.build_lib, 'ktg_mm', '.mim', folder)
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree(folder, target, ignore=shutil.ignore_patterns('__pycache__'))


setup(cmdclass=dict(build_py=BuildWithConfigs))
