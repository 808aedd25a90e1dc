"""Train several networks that teach one another, as a graph that a config declares."""

import os
import warnings

__version__ = '0.1.0'

# mmcv-lite has no compiled operators, which nothing here uses.
warnings.filterwarnings('ignore', message='Fail to import ``MultiScaleDeformableAttention``')
# Before torch is imported: its threads spin for milliseconds while they wait for one another, which beside a busy
# program holds up small networks tens of times; after this many turns, some microseconds, a thread gives its core away.
# What is computed stays the same, bit by bit.
if 'OMP_WAIT_POLICY' not in os.environ:
    os.environ.setdefault('GOMP_SPINCOUNT', '3000')
# Libraries import tqdm, which in a notebook asks for a package to draw bars that nobody sees here.
warnings.filterwarnings('ignore', message='IProgress not found')
