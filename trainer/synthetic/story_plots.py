"""The plots of synthetic picture stories: tables of what may happen, panel by panel, and of how it is told and said.

Texts hold fields in braces, which `story_plot` fills: the names {hero}, {friend} and {third}; {new_hero} and so on for
name and kind, where somebody first comes; {they}, {They} and {their} for the hero's pronouns; {thing} and {a_thing};
{to_here} and {to_there}; {mark_here} and {mark_there} for what stands at the two places.
"""

from __future__ import annotations

from dataclasses import dataclass

from trainer.synthetic.faces import Mood
from trainer.synthetic.story_figures import DOWN, HOLDING, POINTING, UP
from trainer.synthetic.story_places import NIGHT, RAIN

HERO, FRIEND, THIRD = "hero", "friend", "third"
HERE, THERE = "here", "there"
MARK, THING = "mark", "thing"

Role = tuple[str, Mood, str]
Said = tuple[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class BeatForm:
    """What one panel may tell.

    Attributes:
        where: HERE or THERE.
        roles: who is there from left to right, with mood and arms.
        narrations: ways to tell it.
        said: speakers from left to right, each with what may be said; an empty text is silence.
        sky: RAIN or NIGHT; empty for the story's own weather by day.
        beside: MARK, THING or both: what is on the ground.
        is_needed: whether every story of the plot has this panel.
    """

    where: str
    roles: tuple[Role, ...]
    narrations: tuple[str, ...]
    said: tuple[Said, ...]
    sky: str = ""
    beside: tuple[str, ...] = ()
    is_needed: bool = True

    @property
    def has_third(self) -> bool:
        """Whether it takes a third character."""
        return any(role[0] == THIRD for role in self.roles)


@dataclass(frozen=True, slots=True)
class Plot:
    """A row of beats, and what it is called.

    Attributes:
        title: with fields.
        goal: one sentence with fields: what the hero wants.
        beats: in order.
    """

    title: str
    goal: str
    beats: tuple[BeatForm, ...]


_LOST = Plot("{hero} and the lost {thing}", "{hero} wants to find the lost {thing}.", (
    BeatForm(HERE, ((HERO, Mood.HAPPY, HOLDING),), (
        "One morning {new_hero} took {their} {thing} {to_here}.",
        "{new_hero} had {a_thing}, and one day {they} carried it {to_here}.",
        "{new_hero} never went anywhere without {their} {thing}, and today {they} went {to_here}.",
    ), ((HERO, ("What a lovely day!", "I love my {thing}.", "")),)),
    BeatForm(HERE, ((HERO, Mood.LAUGHING, HOLDING),), (
        "{hero} loved the {thing} more than anything.",
        "By the {mark_here} {they} laughed, for the {thing} was {their} dearest thing.",
    ), ((HERO, ("Ha ha!", "This is fun!")),), beside=(MARK,), is_needed=False),
    BeatForm(HERE, ((HERO, Mood.SAD, DOWN),), (
        "But when {hero} woke from a short nap, the {thing} was gone.",
        "Then {hero} put the {thing} down for a moment, and all at once it was gone.",
        "But that very afternoon the {thing} was nowhere to be seen, and {hero} was sad.",
    ), ((HERO, ("Where is my {thing}?", "My {thing} is gone!")),)),
    BeatForm(HERE, ((HERO, Mood.CALM, DOWN), (THIRD, Mood.SAD, DOWN)), (
        "{hero} asked {new_third}, who had not seen the {thing} either.",
        "{new_third} came by and was sorry not to have seen the {thing}.",
    ), ((HERO, ("Did you see my {thing}?", "Have you seen it?")), (THIRD, ("No, I did not.", "No, sorry.")))),
    BeatForm(HERE, ((HERO, Mood.SURPRISED, POINTING),), (
        "{hero} looked behind the {mark_here}, but the {thing} was not there.",
        "“Perhaps behind the {mark_here}?” thought {hero}, but there was nothing.",
    ), ((HERO, ("Is it there?", "Not here...", "")),), beside=(MARK,), is_needed=False),
    BeatForm(THERE, ((HERO, Mood.SAD, DOWN), (FRIEND, Mood.SURPRISED, DOWN)), (
        "{hero} went {to_there} and met {new_friend}, who wanted to help.",
        "Looking for it, {hero} came {to_there}, where {new_friend} asked what was wrong.",
    ), ((HERO, ("I lost my {thing}.", "My {thing} is gone.")), (FRIEND, ("I will help you.", "Let us look!")))),
    BeatForm(THERE, ((HERO, Mood.CALM, DOWN), (FRIEND, Mood.CALM, POINTING)), (
        "Though it began to rain, {hero} and {friend} went on looking.",
        "The rain came down, but {friend} did not give up, and so {hero} did not either.",
    ), ((HERO, ("It is raining.", "")), (FRIEND, ("Come on!", "This way!"))), sky=RAIN, is_needed=False),
    BeatForm(THERE, ((HERO, Mood.LAUGHING, UP), (FRIEND, Mood.HAPPY, POINTING)), (
        "And there, beside the {mark_there}, {friend} saw the {thing} at last.",
        "Suddenly {friend} pointed, for the {thing} lay right beside the {mark_there}.",
    ), ((HERO, ("Oh!", "Hooray!", "")), (FRIEND, ("There it is!", "Look there!"))), beside=(MARK, THING)),
    BeatForm(THERE, ((HERO, Mood.HAPPY, HOLDING), (FRIEND, Mood.HAPPY, DOWN)), (
        "When night fell, {hero} held the {thing} tight and thanked {friend}.",
        "That night {hero} and {friend} were friends, and the {thing} was safe.",
    ), ((HERO, ("Thank you, {friend}!", "Good night, {friend}!")), (FRIEND, ("Good night!", "Sleep well!"))),
        sky=NIGHT, is_needed=False),
))  # fmt: skip

_WISHED = Plot("{hero}'s wish", "{hero} wants to have {a_thing}.", (
    BeatForm(HERE, ((HERO, Mood.CALM, DOWN),), (
        "{new_hero} lived all alone and wished for {a_thing}.",
        "More than anything, {new_hero} wanted to have {a_thing}.",
    ), ((HERO, ("I wish I had {a_thing}.", "If only I had {a_thing}!")),)),
    BeatForm(HERE, ((HERO, Mood.SAD, DOWN),), (
        "{They} looked by the {mark_here}, but there was none.",
        "There was no {thing} by the {mark_here}, and {hero} grew sad.",
    ), ((HERO, ("None here.", "Oh dear.")),), beside=(MARK,), is_needed=False),
    BeatForm(HERE, ((HERO, Mood.CALM, DOWN), (THIRD, Mood.SURPRISED, UP)), (
        "{hero} asked {new_third}, who had never even heard of such a wish.",
        "When {hero} told {new_third} about it, {third} was surprised.",
    ), ((HERO, ("Do you have {a_thing}?", "I want {a_thing}.")), (THIRD, ("Me? Oh no!", "Goodness, no!")))),
    BeatForm(HERE, ((HERO, Mood.SAD, DOWN),), (
        "Rain fell on {hero}, who still had no {thing}.",
        "Then it rained, and {hero} felt quite alone.",
    ), ((HERO, ("What a day!", "")),), sky=RAIN, is_needed=False),
    BeatForm(THERE, ((HERO, Mood.SURPRISED, DOWN), (FRIEND, Mood.HAPPY, HOLDING)), (
        "So {hero} went {to_there} and met {new_friend}, who held {a_thing}.",
        "On the way {to_there}, {hero} met {new_friend} with the finest {thing} of all.",
    ), ((HERO, ("What a fine {thing}!", "Oh, {a_thing}!")), (FRIEND, ("Do you like it?", "Hello there!")))),
    BeatForm(THERE, ((HERO, Mood.LAUGHING, HOLDING), (FRIEND, Mood.HAPPY, DOWN)), (
        "{friend} smiled and gave the {thing} to {hero}.",
        "“You may keep it,” said {friend}, and so the {thing} was {hero}'s.",
    ), ((HERO, ("Thank you!", "For me?")), (FRIEND, ("Now it is yours.", "Take care of it.")))),
    BeatForm(THERE, ((HERO, Mood.LAUGHING, HOLDING),), (
        "{hero} laughed for joy and would not let go of the {thing}.",
        "All day long {hero} played with the {thing} by the {mark_there}.",
    ), ((HERO, ("Ha ha!", "I am so happy!")),), beside=(MARK,), is_needed=False),
    BeatForm(HERE, ((HERO, Mood.HAPPY, HOLDING),), (
        "When night fell, {hero} carried the {thing} home under the moon.",
        "At night {hero} was home again, and now {they} had {a_thing}.",
    ), ((HERO, ("My very own {thing}.", "Good night, moon!", "")),), sky=NIGHT),
))  # fmt: skip

_CARRIED = Plot("A present for {friend}", "{hero} wants to bring {a_thing} to {friend}.", (
    BeatForm(HERE, ((HERO, Mood.HAPPY, HOLDING),), (
        "It was {friend}'s birthday, and {new_hero} had {a_thing} as a present.",
        "{new_hero} wanted to bring {a_thing} to {friend}, {their} best friend.",
    ), ((HERO, ("{friend} will like it!", "This is for {friend}.")),)),
    BeatForm(HERE, ((HERO, Mood.CALM, HOLDING),), (
        "{hero} set out and carried the {thing} past the {mark_here}.",
        "Soon {hero} came to the {mark_here} with the {thing}.",
    ), ((HERO, ("It is a long way.", "")),), beside=(MARK,), is_needed=False),
    BeatForm(HERE, ((HERO, Mood.SAD, HOLDING),), (
        "Then it began to rain, and {hero} and the {thing} got wet.",
        "But dark clouds came, and rain fell on {hero}.",
    ), ((HERO, ("Oh no, rain!", "I am all wet!")),), sky=RAIN),
    BeatForm(HERE, ((HERO, Mood.CALM, HOLDING), (THIRD, Mood.HAPPY, POINTING)), (
        "{new_third} came by and showed {hero} the way.",
        "When {hero} lost the way, {new_third} knew where to go.",
    ), ((HERO, ("Which way is it?", "Am I lost?")), (THIRD, ("That way!", "Go over there!")))),
    BeatForm(THERE, ((HERO, Mood.HAPPY, HOLDING), (FRIEND, Mood.SURPRISED, UP)), (
        "At last {hero} came {to_there}, where {new_friend} was waiting.",
        "{new_friend} could hardly believe it when {hero} came {to_there}.",
    ), ((HERO, ("This is for you!", "Happy birthday!")), (FRIEND, ("For me?", "Oh!")))),
    BeatForm(THERE, ((HERO, Mood.HAPPY, DOWN), (FRIEND, Mood.LAUGHING, HOLDING)), (
        "{friend} took the {thing} and laughed with joy.",
        "{hero} gave the {thing} to {friend}, who was happier than ever.",
    ), ((HERO, ("I am glad!", "")), (FRIEND, ("I love it!", "Thank you!")))),
    BeatForm(THERE, ((HERO, Mood.LAUGHING, UP), (FRIEND, Mood.LAUGHING, HOLDING)), (
        "By the {mark_there}, {hero} and {friend} played all afternoon.",
        "The two of them played with the {thing} beside the {mark_there}.",
    ), ((HERO, ("Hooray!", "Again!")), (FRIEND, ("This is fun!", ""))), beside=(MARK,), is_needed=False),
    BeatForm(THERE, ((HERO, Mood.CALM, DOWN), (FRIEND, Mood.HAPPY, HOLDING)), (
        "When the moon rose, {hero} said good night to {friend}.",
        "And when night fell, {friend} still held the {thing}.",
    ), ((HERO, ("Good night, {friend}!", "")), (FRIEND, ("Good night!", "Thank you, {hero}!"))),
        sky=NIGHT, is_needed=False),
))  # fmt: skip

PLOTS = (_LOST, _WISHED, _CARRIED)
