# Where the FixMatch space of the thesis (ch. 5) begins: a network learns the class that it is sure of itself, and the
# class that the moving average of its weights is sure of. The average teaches, so its batch norm is in training mode,
# as Mean Teacher's.
_base_ = ['fixmatch.py']

_pseudo_label = dict(
    _delete_=True,
    loss=dict(type='PseudoLabel', threshold=0.95),
    views=dict(source='weak', target='strong'),
    samples='unlabeled',
)

model = dict(
    edges={
        'net1->net1': _pseudo_label,
        'ema->net1': {key: value for key, value in _pseudo_label.items() if key != '_delete_'},
        'net1->ema': dict(mode='train'),
    }
)
