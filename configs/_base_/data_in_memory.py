# An overlay: all images of small data sets lie in one tensor, on the GPU if there is one, and are changed a
# batch at a time, with the same bits as without. See docs/performance.md.
#   python tools/train.py configs/ktg/ens_3node_digits.py --with configs/_base_/data_in_memory.py
__in_memory = dict(in_memory=True, num_workers=0, persistent_workers=False)

train_dataloader = __in_memory
if _base_.get('val_dataloader'):
    val_dataloader = __in_memory
if _base_.get('test_dataloader'):
    test_dataloader = __in_memory
