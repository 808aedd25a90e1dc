"""Hooks."""

from .asked_nodes_hook import AskedNodesHook
from .class_count_hook import ClassCountHook
from .epoch_line_hook import EpochLineHook
from .fast_resume_hook import FastResumeHook
from .graph_runtime_info_hook import GraphRuntimeInfoHook, NonFiniteLossError
from .progress_bar_hook import ProgressBarHook
from .progress_hook import ProgressHook
from .record_test_hook import RecordTestHook
from .run_summary_hook import RunSummaryHook
from .safe_checkpoint_hook import SafeCheckpointHook
from .sample_count_hook import SampleCountHook
from .save_on_interrupt_hook import SaveOnInterruptHook
from .seed_hook import SeedHook
from .sync_before_save_hook import SyncBeforeSaveHook
from .validate_on_resume_hook import ValidateOnResumeHook
