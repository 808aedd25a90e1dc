# Search for a three-node graph of four gates and three temperatures on 3,000 images of Fashion-MNIST, 50 minutes on two
# cores (docs/results.md). Graphs are first compared after four epochs, as the first two tell little of the last.
#   tools/dist_search.sh configs/search/ktg_3node_temperatures_fashion_mnist_3000.py 2
_base_ = ['ktg_3node_fashion_mnist_3000.py']

search = dict(
    trials=120,
    hook=dict(pruner=dict(min_resource=4)),
    space={
        'model.edges.net?->net?.loss.temperature': dict(
            choices=[1.0, 2.0, 4.0],
            when={'model.edges.*.gate': ['through', 'linear', 'correct']},
        ),
    },
)
