# Deep mutual learning (Zhang et al., CVPR 2018) of five networks: everybody learns the label and from everybody else.
dml = {
    f'{source}->{target}': dict(loss=dict(type='CrossEntropy' if source == 'label' else 'KLDivergence'))
    for target in ('net1', 'net2', 'net3', 'net4', 'net5')
    for source in ('label', 'net1', 'net2', 'net3', 'net4', 'net5')
    if source != target
}
