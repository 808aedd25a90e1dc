# Three ResNet-18, each on its own, and their ensemble on Stanford Cars.
#   python tools/train.py configs/independent/ens_3node_independent_resnet18_cars.py
_base_ = ['../ktg/ens_3node_resnet18_cars.py', '../_base_/edges/independent_3node.py']

model = dict(edges=dict(_delete_=True, **_base_.independent))
