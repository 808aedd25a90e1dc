# Deep mutual learning of five attention branch networks, and their ensemble, on CUB-200-2011.
#   python tools/train.py configs/dml/ens_5node_dml_cub.py
_base_ = ['../ktg/ens_5node_cub.py', '../_base_/edges/dml_5node.py']

model = dict(edges=dict(_delete_=True, **_base_.dml))
