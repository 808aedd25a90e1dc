# FGVC Aircraft: 100 variants, 6,667 training images (with the validation images) and 3,333 test images. Everything but
# the data set is images_224.py's. Download: tools/download_dataset.py fgvc_aircraft --data-root data/fgvc_aircraft
# The thesis speaks of 102 classes; the archive has 100.
_base_ = ['images_224.py']

data_preprocessor = dict(num_classes=100)
train_dataloader = dict(
    dataset=dict(type='FGVCAircraft', data_root='data/fgvc_aircraft/fgvc-aircraft-2013b', split='trainval')
)
val_dataloader = dict(dataset=dict(type='FGVCAircraft', data_root='data/fgvc_aircraft/fgvc-aircraft-2013b'))
test_dataloader = val_dataloader
