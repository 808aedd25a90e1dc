# Deep mutual learning of three attention branch networks, and their ensemble, on Stanford Cars.
#   python tools/train.py configs/dml/ens_3node_dml_cars.py
_base_ = ['../ktg/ens_3node_cars.py', '../_base_/edges/dml_3node.py']

model = dict(edges=dict(_delete_=True, **_base_.dml))
