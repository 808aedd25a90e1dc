# Five ResNet-20 and their ensemble on CIFAR-100; the graph is ours.
#   python tools/train.py configs/ktg/ens_5node_resnet20_cifar100.py
_base_ = ['ens_5node_cifar100.py']

model = dict(nodes={f'net{i}': dict(network=dict(_base_.resnet20, _delete_=True)) for i in range(1, 6)})
