# Four ResNet-18, each on its own, and their ensemble on CUB-200-2011.
#   python tools/train.py configs/independent/ens_4node_independent_resnet18_cub.py
_base_ = ['../ktg/ens_4node_resnet18_cub.py', '../_base_/edges/independent_4node.py']

model = dict(edges=dict(_delete_=True, **_base_.independent))
