# Three small networks that learn 100 handwritten digits and teach one another (deep mutual learning at T = 2), and
# their ensemble; net1 is the one to deploy. The quickest example, and the README's: seconds on a laptop.
#   python tools/train.py configs/dml/dml_3node_digits_100.py
# Its baseline: the same networks from the same first weights and batches, each on its own.
#   python tools/train.py configs/dml/dml_3node_digits_100.py --with configs/_base_/edges/independent.py
_base_ = 'dml_3node_digits.py'

model = dict(
    nodes=dict(ensemble=dict(type='EnsembleNode', members=['net1', 'net2', 'net3'])),
    edges={f'net{i}->net{j}': dict(loss=dict(temperature=2.0)) for i in (1, 2, 3) for j in (1, 2, 3) if i != j},
)
# The classes in their proportions; validation and test are those of the digits.
train_dataloader = dict(batch_size=8, dataset=dict(type='Split', of='Digits', part='train', val_size=1157))
