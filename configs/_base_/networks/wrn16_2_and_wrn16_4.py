# An overlay: net1 is a WRN-16-2, net2 a WRN-16-4, for the config's number of classes.
model = dict(
    nodes=dict(
        net1=dict(network=dict(_base_.wrn16_2, _delete_=True)), net2=dict(network=dict(_base_.wrn16_4, _delete_=True))
    )
)
