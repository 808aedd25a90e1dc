# What the semi-supervised graphs of one network share: it learns the labels from weakly augmented images, and the
# moving average of its weights is what is evaluated (FixMatch, Sohn et al., 2020). On its own: supervised learning of
# the labelled images alone.
model = dict(
    type='KnowledgeTransferGraph',
    target='ema',
    nodes=dict(net1=dict(type='NetworkNode'), ema=dict(type='NetworkNode')),
    edges={
        'label->net1': dict(loss=dict(type='CrossEntropy'), views=dict(target='weak')),
        'net1->ema': dict(type='EMAEdge', decay=0.999, mode='eval'),
    },
)
