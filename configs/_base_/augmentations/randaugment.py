# RandAugment as FixMatch's code has it (Sohn et al., 2020; ranges: table 12): two operations are drawn out of the list,
# each is applied with probability 0.5, by a magnitude drawn uniformly from its range. A `Cutout` follows, see the data
# sets. CIFAR's images are RGB here, but Color and Contrast weigh the channels as BGR to find the grey.
_half = dict(prob=0.5, random_negative_prob=0.0)
_enhance = dict(magnitude_range=(-0.95, -0.05), **_half)  # factors 0.05 to 0.95: 1 is the image as it is
_shear = dict(type='Shear', magnitude_range=(-0.3, 0.3), interpolation='nearest', **_half)
_translate = dict(type='Translate', magnitude_range=(-0.3, 0.3), **_half)

# Those that work on grey images (H, W) as well.
_any_image = [
    dict(type='Posterize', bits=8),  # Identity
    dict(type='Brightness', **_enhance),
    dict(type='Posterize', magnitude_range=(3, 8), prob=0.5),  # rounded up: 4 to 8 bits
    dict(type='Rotate', magnitude_range=(-30, 30), **_half),
    dict(type='Sharpness', **_enhance),
    dict(direction='horizontal', **_shear),
    dict(direction='vertical', **_shear),
    dict(type='Solarize', magnitude_range=(0, 256), prob=0.5),
    dict(direction='horizontal', **_translate),
    dict(direction='vertical', **_translate),
]
_colour_images = [
    dict(type='AutoContrast', prob=0.5),
    dict(type='ColorTransform', **_enhance),
    dict(type='Contrast', **_enhance),
    dict(type='Equalize', prob=0.5),
]

_draw = dict(type='RandAugment', num_policies=2, magnitude_level=10, total_level=10, magnitude_std='inf')
randaugment = dict(policies=_any_image + _colour_images, **_draw)
randaugment_grey = dict(policies=_any_image, **_draw)
