# Three small networks that learn 100 handwritten digits and teach one another (deep mutual learning at T = 2), and
# their ensemble; net1 is the one to deploy. The quickest example, and the README's: seconds on a laptop.
#   python tools/train.py configs/dml/dml_3node_digits_100.py
# Its baseline: the same networks from the same first weights and batches, each on its own.
#   python tools/train.py configs/dml/dml_3node_digits_100.py --with configs/_base_/edges/independent.py
_base_ = [
    '../_base_/graphs/dml_3node.py',
    '../_base_/datasets/digits_100.py',
    '../_base_/models/networks_small.py',
    '../_base_/schedules/sgd_30e_digits.py',
    '../_base_/default_runtime.py',
]

model = dict(
    nodes=dict(
        net1=dict(network=_base_.resnet8),
        net2=dict(network=_base_.resnet8),
        net3=dict(network=_base_.wrn10_1),
        ensemble=dict(type='EnsembleNode', members=['net1', 'net2', 'net3']),
    ),
    edges={f'net{i}->net{j}': dict(loss=dict(temperature=2.0)) for i in (1, 2, 3) for j in (1, 2, 3) if i != j},
)
default_hooks = dict(checkpoint=dict(save_best='net1/accuracy/top1'))
