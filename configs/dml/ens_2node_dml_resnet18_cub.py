# Deep mutual learning of two ResNet-18, and their ensemble, on CUB-200-2011.
#   python tools/train.py configs/dml/ens_2node_dml_resnet18_cub.py
_base_ = ['../ktg/ens_2node_resnet18_cub.py', '../_base_/edges/dml_2node.py']

model = dict(edges=dict(_delete_=True, **_base_.dml))
