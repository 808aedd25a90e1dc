# Search for a three-node graph of feature losses by layer and four gates on handwritten digits; some minutes on two
# CPU cores.
#   python tools/search.py configs/search/features_3node_digits.py
_base_ = ['../dml/dml_3node_digits.py', '../_base_/spaces/features.py']

search = dict(
    trials=50,
    space={'model.nodes.net[23].network': dict(resnet8=_base_.resnet8, wrn10_1=_base_.wrn10_1)},
    retrain='../dml/dml_3node_digits.py',
)
