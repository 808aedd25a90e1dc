# Records whole learning curves, for tests/data/digits_curves.json: graphs on 256 images of handwritten digits, each
# validated on 1,100 others after 1, 2, 4, ..., 64 epochs, and none stopped; 15 s a graph on a CPU core.
# The learning rate is low, so that graphs differ to the end: at 0.05 the scores after 64 epochs are all much the same,
# and in another order than those after 8.
#   OMP_NUM_THREADS=1 python tools/search.py configs/search/ktg_3node_digits_curves.py
#   python tools/benchmarks/record_curves.py configs/search/ktg_3node_digits_curves.py \
#       --out tests/data/digits_curves.json
_base_ = ['ktg_3node_digits.py']

_split = dict(type='Split', of='Digits', split='trainval', train_size=256, val_size=1100)

train_dataloader = dict(dataset=dict(_split, part='train'))
val_dataloader = dict(batch_size=550, dataset=dict(_split, part='val'))
optim_wrapper = dict(optimizer=dict(lr=0.01))
train_cfg = dict(max_epochs=64)
search = dict(trials=160, hook=dict(pruner=dict(_delete_=True, type='NopPruner')))
