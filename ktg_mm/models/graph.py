"""The knowledge-transfer graph: networks that teach one another."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import cast

import torch
from mmengine.model import ModuleDict
from mmengine.optim import OptimWrapper
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample
from torch import Tensor, nn

from ktg_mm.config import LABEL, GraphConfig, check_type
from ktg_mm.errors import ConfigError
from ktg_mm.registry import NODES, UPDATES, VIEWS
from ktg_mm.structures import EdgeValue, NodeOutput, SampleRows

from .assemble import common_num_classes, join, tell_num_classes
from .batch_check import check_batch
from .build import build_edge, build_part
from .compiled import CompiledNetworks
from .edge_batches import AskedEdge, EdgeBatches
from .edges import EMAEdge
from .forward_pass import ForwardPass
from .needs import Batch
from .node_streams import NodeStreams
from .predictions import check_length, predictions, token_predictions
from .samples import Samples
from .sharing import SharedModules
from .soft_labels import prepare_soft_labels
from .teaching_model import TeachingModel
from .updates import total_loss
from .views import MadeViews


@MODELS.register_module()
class KnowledgeTransferGraph(TeachingModel):
    """Networks (nodes) and what they learn from whom (edges), declared in a config (Minami et al., ACCV 2020).

    In a training step every node runs once on the batch (once per view that an edge asks for), every edge turns the
    outputs of its two ends into one number, ``L_{s,t} = mean over the samples of G_{s,t}(loss(s, t))``, and the update
    makes a step of them: by default one backward pass of their sum and one step of the optimiser. The samples are those
    that the edge is about: the labelled, the unlabelled or all of the batch.

    Args:
        nodes: A node's config by its name.
        edges: An edge's config by its key: ``'label->net1': dict(loss=dict(type='CrossEntropy'))``; entries are
            ``loss`` (one or a list), ``gate`` (default ThroughGate), ``weight`` (default 1), ``views``, ``samples``,
            ``align`` and ``detach``, or ``type='EMAEdge'`` with ``decay`` (default 0.999) and ``mode`` ('train' or
            'eval' batch norm).
        target: The node to deploy; ``mode='tensor'`` and the plain ``pred_score`` are its.
        update: How a step ends. Defaults to SimultaneousUpdate.
        joint_views: True runs all views of a node as one batch, so that batch norm sees them together, as FixMatch's
            code does; False runs one after the other. Defaults to False.
        views: Configs of views that the graph makes itself in the step, by the names by which edges look at them, such
            as ``dict(adversarial=dict(type='AdversarialView', node='net1', eps=6.0, of='weak'))``. Defaults to None.
        data_preprocessor: As in mmpretrain; its ``num_classes``, if given, must be that of all nodes.
        init_cfg: As in mmengine.

    Attributes:
        streams: Where the nodes of a training step run side by side. Defaults to None: they run one after the other.
        captured: What makes the training steps in place of the graph, as one CUDA graph. Defaults to None.
        predicted: The nodes that predict, beside the target. Defaults to None: all.
        edge_batches: What computes edges of one kind as one. Defaults to None: each is computed alone.

    Raises:
        ConfigError: If the config is wrong; the message names the key.

    Example:
        >>> import ktg_mm.models
        >>> network = dict(type='ImageClassifier', backbone=dict(type='LeNet5', num_classes=10),
        ...                head=dict(type='ClsHead'))
        >>> graph = KnowledgeTransferGraph(
        ...     nodes=dict(net1=dict(type='NetworkNode', network=network),
        ...                net2=dict(type='NetworkNode', network=network)),
        ...     edges={'label->net1': dict(loss=dict(type='CrossEntropy')),
        ...            'label->net2': dict(loss=dict(type='CrossEntropy')),
        ...            'net2->net1': dict(loss=dict(type='KLDivergence'), gate=dict(type='CorrectGate'))},
        ...     target='net1')
        >>> graph(torch.rand(2, 1, 32, 32)).shape
        torch.Size([2, 10])
    """

    streams: NodeStreams | None = None
    captured: Callable[[nn.Module, dict, OptimWrapper], dict[str, Tensor | float]] | None = None
    predicted: Sequence[str] | None = None
    edge_batches: EdgeBatches | None = None

    def __init__(
        self,
        nodes: dict[str, dict],
        edges: dict[str, dict],
        target: str,
        update: dict | None = None,
        joint_views: bool = False,
        views: dict[str, dict] | None = None,
        data_preprocessor: dict | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        config = GraphConfig(dict(nodes=nodes, edges=edges, target=target, views=views)).check()
        # Built here, as mmengine's BaseModel would not find mmpretrain's without a default scope.
        if data_preprocessor is not None and not isinstance(data_preprocessor, Mapping):
            raise ConfigError('data_preprocessor', f'must be a dict, got {data_preprocessor!r}')
        preprocessor = dict(type='GraphDataPreprocessor') | dict(data_preprocessor or {})
        check_type(preprocessor, MODELS, 'data_preprocessor', 'data preprocessor')
        super().__init__(build_part(MODELS, preprocessor, 'data_preprocessor'), init_cfg)
        self.target = target
        self.roles = config.roles
        self.trained_nodes = config.trained
        self.teaches = config.teaches()
        self.nodes = ModuleDict({name: build_part(NODES, nodes[name], f'model.nodes.{name}') for name in config.order})
        self.shared = SharedModules(self.nodes) if any(map(config.owner, self.nodes)) else None
        with torch.random.fork_rng(devices=[]):  # what edges learn does not change the networks' first weights
            self.edges = nn.ModuleDict({key: build_edge(config.edges[key]) for key in config.learning_edges})
        self.views = nn.ModuleDict(
            {name: build_part(VIEWS, view, f'model.views.{name}') for name, view in (views or {}).items()}
        )
        self.averages = [
            EMAEdge(edge.key, self.nodes[edge.source], self.nodes[edge.target], decay=edge.cfg.get('decay', 0.999))
            for edge in config.averages
        ]
        update = update or dict(type='SimultaneousUpdate')
        check_type(update, UPDATES, 'model.update', 'update')
        self.update = build_part(UPDATES, update, 'model.update')
        self.update.set_edges(list(self.edges))
        self.joint_views = joint_views
        self.compiled = CompiledNetworks([])
        self.memory_format: torch.memory_format | None = None  # of all weights, if somebody has set it
        self.num_classes = common_num_classes(self.nodes, (data_preprocessor or {}).get('num_classes'))
        tell_num_classes(self.nodes, self._transfers, self.num_classes, cast(dict, self.views))
        prepare_soft_labels(self.data_preprocessor, self._transfers, self.num_classes)
        self._prepare_nodes({edge.target for edge in config.averages if edge.cfg.get('mode') == 'eval'})

    def _prepare_nodes(self, averages_in_eval_mode: set[str]) -> None:
        for name, role in self.roles.items():
            if role == 'ema':
                self.nodes[name].requires_grad_(False)
            if role == 'frozen' or name in averages_in_eval_mode:
                self.nodes[name].freeze()
        join(self.nodes, self._transfers)
        for average in self.averages:
            average.copy()

    def init_weights(self) -> None:
        """Initialises the nodes, then makes each moving average a copy of its source."""
        if self.memory_format is not None:  # random numbers are drawn in the order in memory
            self.to(memory_format=torch.contiguous_format)
        super().init_weights()
        if self.memory_format is not None:
            self.to(memory_format=self.memory_format)
        for average in self.averages:
            average.copy()

    def train_step(self, data: dict, optim_wrapper: OptimWrapper) -> dict[str, Tensor | float]:
        """Trains on one batch.

        Args:
            data: Batch of the data loader: ``inputs`` and ``data_samples``.
            optim_wrapper: Of the trained nodes' parameters.

        Returns:
            What to log: the total ``loss``, each ``edge/source->target`` and its ``gate/source->target`` weight, and
            what the update reports.
        """
        return self.wrapped_train_step(self, data, optim_wrapper)

    def wrapped_train_step(
        self, model: nn.Module, data: dict, optim_wrapper: OptimWrapper
    ) -> dict[str, Tensor | float]:
        """The same; ``model`` is this graph or what wraps it for distributed training."""
        if self.captured is not None:
            return self.captured(model, data, optim_wrapper)
        batch = dict(self.data_preprocessor(data, training=True))
        batch['samples'] = self.samples_of(batch.pop('data_samples'), batch.pop('rows', None))
        return self.step(model, batch, optim_wrapper)

    def step(self, model: nn.Module, batch: dict, optim_wrapper: OptimWrapper) -> dict[str, Tensor | float]:
        """The step on a batch of ``inputs`` and ``samples``: nothing looks at the host, so a GPU can capture it."""
        values: dict[str, EdgeValue] = self.update(model, self, batch, optim_wrapper)
        if optim_wrapper.should_update():
            for average in self.averages:
                average.step()
        log: dict[str, Tensor | float] = {'loss': total_loss(values).detach()}
        log |= {f'edge/{key}': value.loss.detach() for key, value in values.items()}
        log |= {f'gate/{key}': value.gate_weight for key, value in values.items()}
        return log | self.update.report

    def forward(
        self,
        inputs: Tensor | dict[str, Tensor],
        data_samples: list[DataSample] | None = None,
        mode: str = 'tensor',
        targets: list[str] | None = None,
        rows: SampleRows | None = None,
        samples: Samples | None = None,
    ) -> Tensor | dict[str, EdgeValue] | list[DataSample]:
        """Runs the graph.

        Args:
            inputs: Images (B, channels, height, width), several views of them by name, or tokens, integers (B, T).
            data_samples: One per image, or chunk of a text; with labels for ``mode='loss'``.
            mode: ``'tensor'``: the target's logits of shape (B, C). ``'loss'``: the value of each edge. ``'predict'``:
                the data samples with the target's ``pred_score`` (C,) and all nodes' ``node_scores`` (K, C).
            targets: For ``mode='loss'``: the nodes of which the edges that end in them are computed. Defaults to all.
            rows: For ``mode='loss'``: which samples have a label, from the preprocessor. Defaults to None: look again.
            samples: For ``mode='loss'``, instead of the last: what ``samples_of`` has read of the data samples.
        """
        if mode == 'loss':
            samples = samples or self.samples_of(cast(list, data_samples), rows)
            return self.edge_values(inputs, samples, list(self.nodes) if targets is None else targets)
        if mode == 'predict':
            return self.predict(cast(Tensor, inputs), data_samples)
        if mode == 'tensor':
            run = self._forward_pass(cast(Tensor, inputs))
            run.ask(self.target, None, learns=True)
            run.run()
            return run.output(self.target, None).logits
        raise ValueError(f"mode must be 'tensor', 'loss' or 'predict', got {mode!r}")

    def samples_of(self, data_samples: list[DataSample], rows: SampleRows | None = None) -> Samples:
        """What the edges may know of the samples, read before the step; ``rows``: which have a label, if known."""
        return Samples.of(data_samples, self._transfers.values(), self.num_classes, rows)

    def edge_values(
        self, inputs: Tensor | dict[str, Tensor], samples: Samples, targets: list[str]
    ) -> dict[str, EdgeValue]:
        """What each edge gives to its target: one forward per node and view, then every edge into ``targets``."""
        rows, transfers = samples.rows, self._transfers
        edges = {key: transfers[key] for key in self.edges_into(*targets)}
        progress = self.progress.clone()  # the log and the backward pass keep it
        made = MadeViews(cast(dict, self.views), self.seed, progress, samples.labels, samples.scores)
        run = ForwardPass(self.nodes, inputs, rows, self.joint_views, self.shared, made, self.streams)
        for edge in edges.values():
            check_batch(edge, inputs, rows, made.views)
            edge.ask(run)
        with self.compiled.in_step(rows.size):
            run.run()
        batch, asked = Batch(run, rows, samples.labels, samples.scores, samples.numbers), {}
        # Losses and gates compute in float32 or better; autocast would make products of features half as precise.
        with torch.autocast(samples.labels.device.type, enabled=False):
            for key, edge in edges.items():
                context = edge.context(batch, progress, self.seed)
                target = run.output(edge.target_name, edge.target_view, edge.samples)
                check_length(target.logits, run.rows(edge.target_view).count(edge.samples))
                if edge.source_name == LABEL:
                    source: NodeOutput = batch.label(edge.samples, target.logits.shape[1], edge.target_view)
                else:
                    source = run.output(edge.source_name, edge.source_view, edge.samples, edge.target_name)
                    check_length(source.logits, rows.count(edge.samples))
                asked[key] = AskedEdge(edge, target, source, context)
            if self.edge_batches is not None:
                return self.edge_batches(asked)
            return {key: edge(target, source, context) for key, (edge, target, source, context) in asked.items()}

    def _forward_pass(self, inputs: Tensor) -> ForwardPass:
        """A pass over images of which no label is asked for."""
        rows = SampleRows(len(inputs), slice(None), slice(0, 0), len(inputs))
        return ForwardPass(self.nodes, inputs, rows, shared=self.shared)

    def node_outputs(self, inputs: Tensor, names: Iterable[str] | None = None) -> dict[str, NodeOutput]:
        """What nodes say of images of shape (B, channels, height, width), without gradients.

        Attention maps are there where a node has them, or was asked to (``graph.nodes[name].ask_for_attention()``).

        Args:
            inputs: The images.
            names: The nodes; others run only where these need them. Defaults to None: all.
        """
        names = list(self.nodes if names is None else names)
        run = self._forward_pass(inputs)
        for name in names:
            run.ask(name, None)
        run.run()
        return {name: run.output(name, None) for name in names}

    def predict(self, inputs: Tensor, data_samples: list[DataSample] | None = None) -> list[DataSample]:
        """Predicts with every node, or those of :attr:`predicted`.

        Args:
            inputs: Images of shape (B, channels, height, width), or tokens, integers (B, T).
            data_samples: One per image or chunk of a text, to be filled in; new ones by default.

        Returns:
            The data samples, with the target's probabilities ``pred_score`` (C,) and ``pred_label``, and all nodes'
            probabilities ``node_scores`` (K, C) on the CPU, K in the order of the metainfo ``node_names``; the metainfo
            ``network_names`` leaves ensembles out. Of tokens, see :func:`~ktg_mm.models.predictions.token_predictions`.
        """
        wanted = self.nodes if self.predicted is None else {*self.predicted, self.target}
        names = [name for name in self.nodes if name in wanted]
        networks = [name for name in names if self.nodes[name].has_parameters and not self.nodes[name].inputs]
        outputs = self.node_outputs(inputs, names)
        if inputs.is_floating_point():
            return predictions(outputs, data_samples, self.target, networks)
        return token_predictions(outputs, data_samples or [DataSample() for _ in inputs], self.target, networks)
