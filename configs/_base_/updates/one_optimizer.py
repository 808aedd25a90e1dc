# An overlay: all edges make one step together, by the optimiser and the schedule of the config's first phase.
__phases = [phase['name'] for phase in _base_.model['update']['phases']]
__schedule = _base_.get('param_scheduler')

model = dict(update=dict(_delete_=True, type='SimultaneousUpdate'))
optim_wrapper = dict(
    {key: value for key, value in _base_.optim_wrapper.items() if key not in __phases},
    **_base_.optim_wrapper[__phases[0]],
)
optim_wrapper['_delete_'] = True
if isinstance(__schedule, dict) and 'type' not in __schedule:  # else it holds for all phases
    __schedule = __schedule[__phases[0]]
    param_scheduler = dict(__schedule, _delete_=True) if isinstance(__schedule, dict) else __schedule
