# Two ResNet-18, each on its own, and their ensemble on Stanford Cars.
#   python tools/train.py configs/independent/ens_2node_independent_resnet18_cars.py
_base_ = ['../ktg/ens_2node_resnet18_cars.py', '../_base_/edges/independent_2node.py']

model = dict(edges=dict(_delete_=True, **_base_.independent))
