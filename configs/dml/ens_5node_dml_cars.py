# Deep mutual learning of five attention branch networks, and their ensemble, on Stanford Cars.
#   python tools/train.py configs/dml/ens_5node_dml_cars.py
_base_ = ['../ktg/ens_5node_cars.py', '../_base_/edges/dml_5node.py']

model = dict(edges=dict(_delete_=True, **_base_.dml))
