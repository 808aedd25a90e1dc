# Search for a graph of three ResNet-8 by gates, losses and temperatures, with a race of the best eight against deep
# mutual learning at its best temperature: 135 graphs and at most 58 runs, all of 32 epochs. docs/results.md has it with
# narrow networks and 1,000 images:
#   tools/dist_search.sh configs/search/raced_3node_fashion_mnist_3000.py 2 \
#       --with configs/_base_/sizes/fashion_mnist_1000.py configs/_base_/networks/resnet8_narrow.py
_base_ = ['../dml/dml_3node_fashion_mnist_3000.py', '../_base_/spaces/four_gates.py']

model = dict(nodes=dict(net3=dict(network=dict(_delete_=True, **_base_.resnet8))))
search = dict(
    trials=135,
    enqueue=['independent', 'dml', 'kd', 'correct'],
    baseline='dml',
    sampler=dict(_delete_=True, type='RegularizedEvolutionSampler', seed=0),
    hook=None,
    race=dict(graphs=8, seeds=10),
    space={
        'model.edges.net?->net?.loss': dict(
            kl=dict(type='KLDivergence'),
            standardized=dict(type='KLDivergence', standardize=True, temperature=2.0),
            mse=dict(type='ProbabilityMSE'),
        ),
        'model.edges.net?->net?.loss.temperature': dict(choices=[1.0, 2.0, 4.0], when={'model.edges.*.loss': ['kl']}),
    },
)
# The score is the target's alone.
val_evaluator = dict(nodes=['net1'])
