# An overlay: all edges make one step together, by the optimiser and the schedule of the config's first phase.
__phase = _base_.model['update']['phases'][0]['name']

model = dict(update=dict(_delete_=True, type='SimultaneousUpdate'))
optim_wrapper = dict(_base_.optim_wrapper[__phase], _delete_=True, constructor='NodeOptimWrapperConstructor')
param_scheduler = dict(_base_.param_scheduler[__phase], _delete_=True)
