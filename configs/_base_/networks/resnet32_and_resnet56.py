# An overlay: net1 is a ResNet-32, net2 a ResNet-56, for the config's number of classes.
model = dict(
    nodes=dict(
        net1=dict(network=dict(_base_.resnet32, _delete_=True)), net2=dict(network=dict(_base_.resnet56, _delete_=True))
    )
)
