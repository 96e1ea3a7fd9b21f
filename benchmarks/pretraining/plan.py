"""The rows of the ablation, in the order in which they are computed."""

import dataclasses

from variants import Variant


@dataclasses.dataclass(frozen=True)
class Entry:
    """One row: ``kind`` is "raw", "random" or "trained"; ``where`` asks for every layer."""

    kind: str
    variant: Variant
    tested: str = "dev"
    where: bool = False

    @property
    def key(self):
        """What names the row."""
        return f"{self.tested} | {self.kind} | {self.variant.name} | seed {self.variant.seed}"


def _rows():
    white = {"input": "white"}
    people = {"target": "people", "mask_ratio": 0.25, "loss_on": "all"}
    wide = {"width": 192, "depth": 2}
    for how in ("scaled", "mvnn", "white", "sphere"):
        yield Entry("raw", Variant(input=how))
    for how in ("scaled", "mvnn"):
        yield Entry("random", Variant(input=how), where=True)
        yield Entry("trained", Variant(input=how), where=True)
    for kind in ("random", "trained"):
        yield Entry(kind, Variant(**white))
    yield Entry("trained", Variant(**white, **people))
    yield Entry("trained", Variant(**white, **people, steps=3000))
    yield Entry("trained", Variant(**people))
    yield Entry("trained", Variant(**white, **{**people, "target": "repeats"}))
    yield Entry("trained", Variant(**white, **people, seed=1))
    yield Entry("random", Variant(**white, seed=1))
    yield Entry("trained", Variant(**white, seed=1))
    yield Entry("trained", Variant(**white, **people, n_people=48, steps=3000))
    yield Entry("trained", Variant(**white, **{**people, "mask_ratio": 0.75}))
    for how in ("white", "scaled"):
        yield Entry("trained", Variant(input=how, steps=3000))
    for kind in ("random", "trained"):
        yield Entry(kind, Variant(**white, **wide))
    for target in ("lowpass", "patch"):
        yield Entry("trained", Variant(target=target))
    for ratio in (0.5, 0.1):
        yield Entry("trained", Variant(**white, mask_ratio=ratio))
    for kind in ("random", "trained"):
        yield Entry(kind, Variant(seed=1))
    yield Entry("trained", Variant(mask_ratio=0.1))
    yield Entry("trained", Variant(**white, n_people=48, steps=3000))
    for own in (False, True):
        yield Entry("trained", Variant(own_matrix=own), "seen")
    for kind in ("random", "trained"):
        yield Entry(kind, Variant(**white, tokens="channel"))
    for kind in ("random", "trained"):
        yield Entry(kind, Variant(**white, depth=1))
    for kind in ("random", "trained"):
        yield Entry(kind, Variant(input="sphere"))


PLAN = list(_rows())
