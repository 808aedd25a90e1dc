# An overlay for a search on Stanford Dogs and a graph of another size, laid over it before: the new networks are like
# net1's, and the graph that is found will be trained as the ensemble of its size.
_base_ = ['as_net1.py']

search = dict(retrain=f'../../ktg/ens_{len(_base_.model.nodes.ensemble.members)}node_dogs.py')
