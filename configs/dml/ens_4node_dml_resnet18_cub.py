# Deep mutual learning of four ResNet-18, and their ensemble, on CUB-200-2011.
#   python tools/train.py configs/dml/ens_4node_dml_resnet18_cub.py
_base_ = ['../ktg/ens_4node_resnet18_cub.py', '../_base_/edges/dml_4node.py']

model = dict(edges=dict(_delete_=True, **_base_.dml))
