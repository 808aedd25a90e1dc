# An overlay for a search among two diverse networks and consistency_3node.py, laid over it before: net3, a ResNet-32 to
# begin with, for which the search chooses as for net2. The graph that is found will be trained in the recipe of three.
__space = {key: value for key, value in _base_.search.space.items() if key != 'model.nodes.net2.network'}

model = dict(nodes=dict(net3=dict(network=_base_.resnet32)))
search = dict(
    space={
        '_delete_': True,
        **__space,
        'model.nodes.net[23].network': _base_.search.space['model.nodes.net2.network'],
        'model.edges.net3->net3': _base_.search.space['model.edges.net1->net1'],
    },
    retrain=f'../../semi/consistency_3node_cifar{_base_.data_preprocessor.num_classes}.py',
)
