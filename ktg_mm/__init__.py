"""Train several networks that teach one another, as a graph that a config declares."""

import warnings

__version__ = '0.1.0'

# mmcv-lite has no compiled operators, which nothing here uses.
warnings.filterwarnings('ignore', message='Fail to import ``MultiScaleDeformableAttention``')
# Libraries import tqdm, which in a notebook asks for a package to draw bars that nobody sees here.
warnings.filterwarnings('ignore', message='IProgress not found')
