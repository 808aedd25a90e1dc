# Two attention branch networks, each on its own, and their ensemble on CUB-200-2011.
# Published accuracy: ensemble 65.26.
#   python tools/train.py configs/independent/ens_2node_independent_cub.py
_base_ = ['../ktg/ens_2node_cub.py', '../_base_/edges/independent_2node.py']

model = dict(edges=dict(_delete_=True, **_base_.independent))
