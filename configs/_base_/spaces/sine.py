# A sine gate on every edge, its frequency in [0, 1] and its phase in [0, 3 pi / 2] (Minami et al.), and asynchronous
# successive halving after 1, 2, 4, ... epochs.
_base_ = ['four_gates.py']

search = dict(
    space={
        'model.edges.*.gate': dict(_delete_=True, sine=dict(type='SineGate', frequency=0.0, phase=0.0)),
        'model.edges.*.gate.frequency': dict(low=0.0, high=1.0),
        'model.edges.*.gate.phase': dict(low=0.0, high=4.71238898038469),
    }
)
