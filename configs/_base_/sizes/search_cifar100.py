# An overlay for a search on CIFAR-100 and a graph of another size, laid over it before: the new networks, among which
# the search chooses as for net2, and the graph that is found will be trained as mutual learning of its size.
__n = len(_base_.model.nodes)
__new = ['resnet32', 'resnet110', 'wrn28_2', 'resnet32', 'resnet110']
__space = {key: value for key, value in _base_.search.space.items() if key != 'model.nodes.net2.network'}

model = dict(nodes={f'net{i}': dict(network=_base_[__new[i - 3]]) for i in range(3, __n + 1)})
search = dict(
    space={
        '_delete_': True,
        **__space,
        f'model.nodes.net[2-{__n}].network': _base_.search.space['model.nodes.net2.network'],
    },
    retrain=f'../../dml/dml_{__n}node_cifar100.py',
)
