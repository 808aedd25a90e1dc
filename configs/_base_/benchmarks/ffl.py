# An overlay over feature fusion learning: its target is a branch, the authors' FFL-S, a network as those of other rows;
# the classifier of the fused maps has the weight decay of their code, as in the experiments.
model = dict(target='net1')
optim_wrapper = dict(paramwise_cfg=dict(nodes=dict(fusion=dict(weight_decay=1e-5))))
