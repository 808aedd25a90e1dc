# An overlay: net1 is a ResNet-56, net2 a WRN-28-4, for the config's number of classes.
model = dict(
    nodes=dict(
        net1=dict(network=dict(_base_.resnet56, _delete_=True)), net2=dict(network=dict(_base_.wrn28_4, _delete_=True))
    )
)
