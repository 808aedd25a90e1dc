# Search for four ResNet-8 that are branches of one trunk on 3,000 images of Fashion-MNIST: where they part, who
# teaches them, and the gates. The leader is scored.
#   tools/dist_search.sh configs/search/branches_fashion_mnist_3000.py 2
_base_ = [
    '../_base_/graphs/branches_space.py',
    '../_base_/datasets/fashion_mnist_3000.py',
    '../_base_/models/networks_small.py',
    '../_base_/schedules/sgd_32e_fashion_mnist_3000.py',
    '../_base_/spaces/branches.py',
    '../_base_/default_runtime.py',
]

model = dict(nodes={name: dict(network=_base_.resnet8) for name in ['net1', 'net2', 'net3', 'leader']})
search = dict(trials=150, retrain='../multi_branch/song_chai_fashion_mnist_3000.py')
