# Deep mutual learning of two attention branch networks, and their ensemble, on CUB-200-2011.
# Published accuracy: ensemble 66.90.
#   python tools/train.py configs/dml/ens_2node_dml_cub.py
_base_ = ['../ktg/ens_2node_cub.py', '../_base_/edges/dml_2node.py']

model = dict(edges=dict(_delete_=True, **_base_.dml))
