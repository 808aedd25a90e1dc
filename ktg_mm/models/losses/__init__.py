"""Edge losses: how a target's output is compared with its source's, sample by sample."""

from .afd import AFD
from .attention_cosine import AttentionCosine
from .attention_mse import AttentionMSE
from .attention_transfer import AttentionTransfer
from .base import EdgeLoss
from .cc import CC
from .classifier_diversity import ClassifierDiversity
from .crd import CRD
from .cross_entropy import CrossEntropy
from .cwtm import CWTM
from .dkpp import DKPP
from .entropy import Entropy
from .feature_l1 import FeatureL1
from .feature_loss import FeatureLoss
from .fitnets import FitNets
from .ickd import ICKD
from .kl_divergence import KLDivergence
from .pkt import PKT
from .probability_cosine import ProbabilityCosine
from .probability_mse import ProbabilityMSE
from .pseudo_label import PseudoLabel
from .rkd import RKD
from .self_adaptive_fairness import SelfAdaptiveFairness
from .sp import SP
from .srd import SRD
from .vid import VID
