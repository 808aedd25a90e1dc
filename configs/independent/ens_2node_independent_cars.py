# Two attention branch networks, each on its own, and their ensemble on Stanford Cars.
# Published accuracy: ensemble 88.49.
#   python tools/train.py configs/independent/ens_2node_independent_cars.py
_base_ = ['../ktg/ens_2node_cars.py', '../_base_/edges/independent_2node.py']

model = dict(edges=dict(_delete_=True, **_base_.independent))
