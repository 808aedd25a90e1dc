# Three networks that learn the label; everybody's probabilities are pushed away from everybody else's.
probability_repel = {
    f'{source}->{target}': dict(loss=dict(type='CrossEntropy' if source == 'label' else 'ProbabilityCosine'))
    for target in ('net1', 'net2', 'net3')
    for source in ('label', 'net1', 'net2', 'net3')
    if source != target
}
