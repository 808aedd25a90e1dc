# Deep mutual learning of two attention branch networks, and their ensemble, on Stanford Cars.
# Published accuracy: ensemble 88.89.
#   python tools/train.py configs/dml/ens_2node_dml_cars.py
_base_ = ['../ktg/ens_2node_cars.py', '../_base_/edges/dml_2node.py']

model = dict(edges=dict(_delete_=True, **_base_.dml))
