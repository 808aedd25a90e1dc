# Four attention branch networks, each on its own, and their ensemble on Stanford Cars.
#   python tools/train.py configs/independent/ens_4node_independent_cars.py
_base_ = ['../ktg/ens_4node_cars.py', '../_base_/edges/independent_4node.py']

model = dict(edges=dict(_delete_=True, **_base_.independent))
