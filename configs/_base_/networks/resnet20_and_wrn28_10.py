# An overlay: net1 is a ResNet-20, net2 a WRN-28-10, for the config's number of classes.
model = dict(
    nodes=dict(
        net1=dict(network=dict(_base_.resnet20, _delete_=True)), net2=dict(network=dict(_base_.wrn28_10, _delete_=True))
    )
)
