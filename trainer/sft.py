"""Supervised fine-tuning: a narrator of either family learns to write the reference captions.

Reads top to bottom as `train`. The loop is trl's (`caption_trainer`); the same command runs in one process and, under
`torchrun` or `accelerate launch`, in many: then every process calls `train`, only the first one speaks and writes, and
a step still learns from `batch_size` records.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch
from trl import SFTConfig as EngineConfig

from trainer.batches import Course, Wording
from trainer.caption_trainer import CaptionTrainer, Job
from trainer.captioner import find_narrator
from trainer.config import PREFIX_FAMILY, ConfigError, SftConfig
from trainer.dataset import DatasetError
from trainer.dev_judge import DevJudge
from trainer.device import best_device, describe, set_threads
from trainer.events import Event, Loading, RunCancelled, RunFinished, RunStarted
from trainer.policy import Trainee
from trainer.policy_encoder_decoder import new_encoder_decoder_trainee, saved_encoder_decoder_trainee
from trainer.policy_prefix import new_prefix_trainee, saved_prefix_trainee
from trainer.run_dir import TRAINING_STATE, RunDir
from trainer.story import Records, look_at_pictures, read_records, suggested_words
from trainer.training_state import PROGRESS_FILE, Standing

_PEERS_WAIT_S = 6 * 3600  # while the first process encodes pictures and learns their words


def train(
    config: SftConfig, run: RunDir, base_weights: Path, emit: Callable[[Event], None], should_stop: Callable[[], bool]
) -> RunFinished | RunCancelled:
    """Train and leave the best checkpoint in the run's folder.

    Args:
        config: what to do.
        run: the run's folder; one that holds checkpoints goes on from the newest.
        base_weights: the folder of `trainer.base_weights`; what is known of pictures is cached beside it.
        emit: takes every event.
        should_stop: asked after every step; True ends the run with a checkpoint.

    Returns:
        The run's last word.

    Raises:
        DatasetError: there is nothing to learn, or not what this run learned before.
        CaptionerError: there is no such narrator.
        ConfigError: what is asked for does not fit the narrator or the number of processes.
        RunDirError: a checkpoint cannot be written or read.
    """
    # 1. Set up: processes, data, model.
    set_threads(config.threads)
    arguments = _arguments(config, run)
    if arguments.process_index:
        emit = _silent
    elif not run.config_file.exists():
        config.save(run.config_file)
    caches = base_weights.parent
    with arguments.main_process_first(local=False):
        records = read_records(config, caches / "looks", emit)
    resumed = checkpoint_of(run, records)
    arguments.max_steps = total_steps = _total_steps(config, records)
    torch.manual_seed(config.seed)
    trainee = trainee_of(config, run.name, base_weights, emit)

    # 2. Look at the pictures: the first process does, the others find what it left.
    with arguments.main_process_first(local=False):
        features = look_at_pictures(trainee.encoder, records, base_weights, emit)
        words = suggested_words(trainee, records, features, config, run.picture_words, base_weights, emit)

    # 3. Train.
    wording = Wording(trainee, words, config)
    course = Course(wording, records.train, records.before.replay)
    judge = DevJudge(wording, records.dev, features, records.before.kept)
    arguments.ddp_find_unused_parameters = any(part.from_frac > 0 for part in trainee.parts)
    job = Job(trainee, course, judge, features, config, total_steps, records.fingerprint, run, emit, should_stop)
    trainer = CaptionTrainer(job, arguments)
    emit(RunStarted(run.name, "sft", total_steps, describe(best_device())))
    trainer.train(resume_from_checkpoint=str(resumed / TRAINING_STATE) if resumed else None)
    if arguments.world_size > 1:  # one that leaves while another still listens takes it down
        trainer.accelerator.wait_for_everyone()
        trainer.accelerator.end_training()

    # 4. The last word.
    step, standing = trainer.state.global_step, trainer.standing
    if trainer.was_stopped:
        return RunCancelled(f"Stopped after {step} steps; the best checkpoint is kept.")
    judged = f"best dev loss {standing.best_loss:.3f} nats a token, at step {standing.best_step}" if records.dev else (
        "there is no dev split to judge it by"
    )  # fmt: skip
    forgot = _forgot(standing.forgotten, config.forget_limit)
    return RunFinished(f"Trained {step} steps; {judged}.{forgot}", str(run.best_model()))


def _silent(_: Event) -> None:
    """Only the first process speaks."""


def _forgot(nats: float | None, limit: float) -> str:
    if nats is None:
        return ""
    if nats <= limit:
        return f" It knows what it knew before ({nats:+.3f} nats a token, the limit is {limit:g})."
    return (
        f" It forgets: {nats:.3f} nats a token worse at what it knew before, the limit is {limit:g}; "
        "a larger replay_share keeps more."
    )


def _total_steps(config: SftConfig, records: Records) -> int:
    share = config.replay_share if records.before.replay else 0.0
    steps = max(1, round(len(records.train) * config.epochs / config.batch_size / (1 - share)))
    return min(steps, config.max_steps or steps)


def _arguments(config: SftConfig, run: RunDir) -> EngineConfig:
    """What trl's engine is told; also joins the processes of this run.

    Raises:
        ConfigError: the processes cannot share a step's records evenly.
    """
    on_gpu = torch.cuda.is_available()
    arguments = EngineConfig(
        output_dir=str(run.path), seed=config.seed,
        gradient_accumulation_steps=config.accumulation, max_grad_norm=config.max_gradient_norm,
        bf16=config.bf16, use_cpu=not on_gpu, dataloader_pin_memory=on_gpu,
        gradient_checkpointing=None, activation_checkpointing=False,
        eval_strategy="no", save_strategy="no", logging_steps=1, logging_nan_inf_filter=False,
        report_to="none", disable_tqdm=True, ddp_timeout=_PEERS_WAIT_S,
        # The data set is the run itself, position by position, and is not trl's to word or to reorder.
        train_sampling_strategy="sequential", remove_unused_columns=False, max_length=None,
        dataset_kwargs={"skip_prepare_dataset": True},
    )  # fmt: skip
    shares = arguments.world_size * config.accumulation
    if config.batch_size % shares:
        raise ConfigError(
            f"batch_size is {config.batch_size}; it must be a multiple of processes times accumulation, {shares}."
        )
    arguments.per_device_train_batch_size = config.batch_size // shares
    if arguments.n_gpu > 1:
        arguments._n_gpu = 1  # one process, one GPU: more of them are torchrun's business
    return arguments


def checkpoint_of(run: RunDir, records: Records, kind: type[Standing] = Standing) -> Path | None:
    """The checkpoint to go on from, if there is one; `kind` is what its run keeps of its standing.

    Raises:
        DatasetError: the data set is not what it was.
    """
    newest = run.newest_checkpoint()
    if newest is None:
        return None
    standing = kind.load(newest / TRAINING_STATE / PROGRESS_FILE)
    if standing.fingerprint != records.fingerprint:
        raise DatasetError("The data set has changed since this run began; start a new run from its best checkpoint.")
    return newest


def trainee_of(config: SftConfig, name: str, base_weights: Path, emit: Callable[[Event], None]) -> Trainee:
    """The narrator to train: a new one, or a saved one's weights under a new name.

    Raises:
        CaptionerError: there is no such narrator.
        ConfigError: what is asked for does not fit it.
    """

    def report(text: str, done_frac: float | None) -> None:
        emit(Loading(text, done_frac))

    if config.model:
        family, place = find_narrator(config.model)
        if family == PREFIX_FAMILY:
            return saved_prefix_trainee(Path(place), config, name, base_weights)
        return saved_encoder_decoder_trainee(place, config, report)
    if config.family == PREFIX_FAMILY:
        return new_prefix_trainee(config, name, base_weights)
    return new_encoder_decoder_trainee(config, name, base_weights)
