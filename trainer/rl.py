"""Learning from rewards: a narrator writes captions, they are judged, and the better ones become likelier.

Reads top to bottom as `train`. It starts from a narrator that was trained supervised (`sft`) and stays near it: by what
departing from it costs, by guard rails on the dev split, and because the best checkpoint is the one that comes nearest
to the references there, whatever its reward.

    rl_engine      rollouts, looks, checkpoints and ways back, for every algorithm
    rl_trainers    RLOO and GRPO              ppo_trainer   PPO
    preference     DPO                        best_of_n     rejection sampling
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import torch

from trainer.batches import Wording
from trainer.best_of_n import BestOfNRun
from trainer.config import BEST_OF_N, DPO, GRPO, PPO, RLOO, ConfigError, RlConfig
from trainer.dataset import DatasetError, Record
from trainer.decoding import SIMILARITY
from trainer.device import best_device, describe, set_threads
from trainer.events import Event, RunCancelled, RunFinished, RunStarted
from trainer.guard_rails import GuardRails
from trainer.policy import Trainee
from trainer.ppo_trainer import PpoRun
from trainer.preference import DpoRun, PairedRun, Preference, Preferred, load_preferences
from trainer.reference import Reference
from trainer.reward_setup import rewards_of_run
from trainer.rl_engine import RolloutEngine
from trainer.rl_job import Panels, Reward, RlJob, RlStanding
from trainer.rl_trainers import GrpoRun, RlooRun, grpo_arguments, rloo_arguments
from trainer.run_dir import TRAINING_STATE, RunDir
from trainer.sentence_encoder import SentenceEncoder
from trainer.sft import checkpoint_of, trainee_of
from trainer.story import Records, look_at_pictures, read_records, suggested_words
from trainer.training_state import PROGRESS_FILE
from trainer.writing_judge import WritingJudge


def train(
    config: RlConfig,
    run: RunDir,
    base_weights: Path,
    emit: Callable[[Event], None],
    should_stop: Callable[[], bool],
    reward: Reward | None = None,
) -> RunFinished | RunCancelled:
    """Train and leave the best checkpoint in the run's folder.

    Args:
        config: what to do.
        run: the run's folder; one that holds checkpoints goes on from the newest.
        base_weights: the folder of `trainer.base_weights`; what is known of pictures is cached beside it.
        emit: takes every event.
        should_stop: asked after every rollout; True ends the run with a checkpoint.
        reward: judges captions; None for what `config.rewards` names.

    Returns:
        The run's last word.

    Raises:
        DatasetError: there is nothing to learn, or not what this run learned before.
        CaptionerError: there is no such narrator or scorer.
        ConfigError: what is asked for does not fit together.
        RunDirError: a checkpoint cannot be written or read.
    """
    # 1. Set up: data, narrator.
    set_threads(config.threads)
    if not run.config_file.exists():
        config.save(run.config_file)
    as_sft, caches = config.of_narrator(), base_weights.parent
    records = read_records(as_sft, caches / "looks", emit)
    learned, preferences = _learned(config, records)
    resumed = checkpoint_of(run, records, RlStanding)
    if resumed and (standing := RlStanding.load(resumed / TRAINING_STATE / PROGRESS_FILE)).given_up:
        return _finished(standing, config, run)
    torch.manual_seed(config.seed)
    trainee = trainee_of(as_sft, run.name, base_weights, emit)
    _freeze_what_stays(trainee)

    # 2. Look at the pictures, once.
    features = look_at_pictures(trainee.encoder, records, base_weights, emit)
    words = suggested_words(trainee, records, features, as_sft, run.picture_words, base_weights, emit)

    # 3. What judges: rewards for what is sampled, references for what is kept.
    embed = None
    if config.pairs:
        reward = Preferred()
    if reward is None or config.dev_metric == SIMILARITY:
        embed = SentenceEncoder(base_weights)
        reward = reward or rewards_of_run(config, learned, trainee, features, embed, base_weights, emit)
    judge = WritingJudge(records.dev, config.style, features, config.max_tokens, embed)

    # 4. Train.
    job = RlJob(
        trainee, Panels(learned, Wording(trainee, words, as_sft), config.style, config.seed), features,
        reward, Reference(trainee.policy), judge, GuardRails.of(config), config, config.rollouts * config.updates,
        records.fingerprint, run, emit, should_stop,
    )  # fmt: skip
    trainer = _trainer(job, preferences)
    if trainer.args.world_size > 1:
        raise ConfigError("Learning from rewards runs in one process; start it without torchrun.")
    emit(RunStarted(run.name, "rl", job.total_steps, describe(best_device())))
    trainer.train(resume_from_checkpoint=str(resumed / TRAINING_STATE) if resumed else None)

    # 5. The last word.
    if trainer.was_stopped:
        return RunCancelled(f"Stopped after {trainer.state.global_step} steps; the best checkpoint is kept.")
    return _finished(trainer.standing, config, run)


def _learned(config: RlConfig, records: Records) -> tuple[list[Record], list[Preference]]:
    """The records that captions are learned for, one for each preference where a person's are learned.

    Raises:
        DatasetError: there are none.
    """
    if not config.pairs:
        told = [record for record in records.train if record.told_as(config.style)[0]]
        if not told:
            raise DatasetError(f"The data set {config.data} has no record with a {config.style} in its split “train”.")
        return told, []
    known = {record.id: record for record in records.train}
    preferences = [pair for pair in load_preferences(Path(config.pairs)) if pair.record_id in known]
    if not preferences:
        raise DatasetError(f"No preference in {config.pairs} is of a record in the split “train” of {config.data}.")
    return [known[pair.record_id] for pair in preferences], preferences


def _freeze_what_stays(trainee: Trainee) -> None:
    """Weights without a learning rate are no part of the training, nor of what a checkpoint keeps."""
    for part in trainee.parts:
        for parameter in part.parameters:
            parameter.requires_grad_(part.learning_rate > 0)


def _trainer(job: RlJob, preferences: Sequence[Preference]) -> RolloutEngine:
    """The algorithm's run."""
    config, run = job.config, job.run
    if config.algorithm == RLOO:
        return RlooRun(job, rloo_arguments(config, run))
    if config.algorithm == PPO:
        return PpoRun(job, grpo_arguments(config, run, "bnpo"))  # a mean over tokens, as in Schulman et al.
    arguments = grpo_arguments(config, run, "dapo")  # trl's default: long captions count as much as short ones
    if preferences:
        return PairedRun(job, arguments, preferences)
    kinds: dict[str, type[GrpoRun]] = {GRPO: GrpoRun, DPO: DpoRun, BEST_OF_N: BestOfNRun}
    return kinds[config.algorithm](job, arguments)


def _finished(standing: RlStanding, config: RlConfig, run: RunDir) -> RunFinished:
    done = f"Ended early because {standing.given_up}" if standing.given_up else "Trained to the end"
    judged = f"best dev {config.dev_metric} {-(standing.best_loss or 0.0):.3f}, at step {standing.best_step}"
    if "eval/chrf" not in standing.first:
        judged = "there is no dev split to judge it by"
    return RunFinished(f"{done}; {judged}.", str(run.best_model()))
