# Search for four ResNet-8 that are branches of one trunk on handwritten digits: where they part, who teaches them, and
# the gates; some minutes on two CPU cores. The leader is scored.
#   python tools/search.py configs/search/branches_digits.py
_base_ = [
    '../_base_/graphs/branches_space.py',
    '../_base_/datasets/digits.py',
    '../_base_/models/networks_small.py',
    '../_base_/schedules/sgd_30e_digits.py',
    '../_base_/spaces/branches.py',
    '../_base_/default_runtime.py',
]

model = dict(nodes={name: dict(network=_base_.resnet8) for name in ['net1', 'net2', 'net3', 'leader']})
search = dict(trials=50, retrain='../multi_branch/song_chai_digits.py')
