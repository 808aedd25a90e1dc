# Where the space of diverse networks of the thesis (ch. 5) begins: two networks learn the labels; on unlabelled images
# each agrees with itself and with the other on another draw of the augmentation.
_label = dict(loss=dict(type='CrossEntropy'), views=dict(target='weak'))
_consistency = dict(loss=dict(type='KLDivergence'), views=dict(source='weak2', target='weak'), samples='unlabeled')

model = dict(
    type='KnowledgeTransferGraph',
    target='net1',
    nodes=dict(net1=dict(type='NetworkNode'), net2=dict(type='NetworkNode')),
    edges={
        'label->net1': _label,
        'label->net2': _label,
        'net1->net1': _consistency,
        'net2->net1': _consistency,
        'net1->net2': _consistency,
        'net2->net2': _consistency,
    },
)
