# Dash (Xu et al., ICML 2021): FixMatch with a threshold on the loss, which falls over the run.
# TorchSSL and USB use soft pseudo-labels (T = 0.5) as long as the threshold is high; here they are hard from the start.
_base_ = ['fixmatch.py']

model = dict(
    edges={
        'net1->net1': dict(
            gate=dict(_delete_=True, type='DashGate'),
        ),
    },
)
