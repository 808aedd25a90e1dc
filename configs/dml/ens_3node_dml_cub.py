# Deep mutual learning of three attention branch networks, and their ensemble, on CUB-200-2011.
#   python tools/train.py configs/dml/ens_3node_dml_cub.py
_base_ = ['../ktg/ens_3node_cub.py', '../_base_/edges/dml_3node.py']

model = dict(edges=dict(_delete_=True, **_base_.dml))
