"""A case: the image sets of one patient's procedure, by phase."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from enum import StrEnum

from viewer.model.study import ImageSet, Patient, Pullback, Role, Run, Skipped


class Phase(StrEnum):
    """Phases of a deep venous intervention in the order of the images (domain.md)."""

    ACCESS = "Access"
    INITIAL_VENOGRAM = "Initial venogram"
    INITIAL_IVUS = "Initial IVUS"
    LYSIS_CHECK = "Lysis check"
    THROMBECTOMY = "Thrombectomy"
    PREDILATION = "Pre-dilation"
    STENT = "Stent"
    POSTDILATION = "Post-dilation"
    COMPLETION_VENOGRAM = "Completion venogram"
    COMPLETION_IVUS = "Completion IVUS"
    FOLLOW_UP = "Follow-up"
    OTHER = "Other images"


@dataclass(frozen=True, slots=True)
class Case:
    """What is open: image sets of one patient; others are held, never mixed in.

    Attributes
    ----------
    image_sets : tuple of ImageSet
        In acquisition order.
    held : tuple of ImageSet
        Image sets of another patient, not part of the case until a reader says so.
    skipped : tuple of Skipped
        Files that could not be taken.
    """

    image_sets: tuple[ImageSet, ...] = ()
    held: tuple[ImageSet, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    title: str = ""

    @property
    def patient(self) -> Patient | None:
        """The patient of the case, None while it is empty."""
        return self.image_sets[0].patient if self.image_sets else None

    @property
    def runs(self) -> tuple[Run, ...]:
        """The venograms, in order."""
        return tuple(s for s in self.image_sets if isinstance(s, Run))

    @property
    def pullbacks(self) -> tuple[Pullback, ...]:
        """The IVUS pullbacks, in order."""
        return tuple(s for s in self.image_sets if isinstance(s, Pullback))

    def find(self, uid: str | None) -> ImageSet | None:
        """The image set of that uid, None when it is not here."""
        return next((s for s in self.image_sets if s.uid == uid), None)

    def run(self, uid: str | None) -> Run | None:
        """The run of that uid, None when it is not here."""
        found = self.find(uid)
        return found if isinstance(found, Run) else None

    def pullback(self, uid: str | None) -> Pullback | None:
        """The pullback of that uid, None when it is not here."""
        found = self.find(uid)
        return found if isinstance(found, Pullback) else None

    def with_sets(self, *more: ImageSet, skipped: tuple[Skipped, ...] = ()) -> Case:
        """The case with `more` added: another patient's sets are held, known uids kept once."""
        patient = self.patient or _most_seen(more)
        known = {s.uid for s in (*self.image_sets, *self.held)}
        fresh = [s for s in more if s.uid not in known]
        same = [s for s in fresh if patient and s.patient.key == patient.key]
        other = [s for s in fresh if patient and s.patient.key != patient.key]
        return replace(
            self,
            image_sets=(*self.image_sets, *same),
            held=(*self.held, *other),
            skipped=(*self.skipped, *skipped),
        )

    def taken_as(self, uid: str, role: Role) -> Case:
        """The case with one image set as a venogram or a pullback, whatever its header says."""
        kinds: dict[Role, type[ImageSet]] = {Role.VENOGRAM: Run, Role.PULLBACK: Pullback}
        kind = kinds.get(role)
        if kind is None:
            return self

        def turned(item: ImageSet) -> ImageSet:
            if item.uid != uid or isinstance(item, kind) or not item.frames:
                return item
            shared = {f.name: getattr(item, f.name) for f in fields(ImageSet)}
            return kind(**{**shared, "role": role})

        return replace(self, image_sets=tuple(turned(item) for item in self.image_sets))

    def with_accepted(self, uids: Iterable[str]) -> Case:
        """The case with the held sets of these uids taken in: a reader said so before."""
        wanted = set(uids)
        taken = tuple(item for item in self.held if item.uid in wanted)
        if not taken:
            return self
        left = tuple(item for item in self.held if item.uid not in wanted)
        return replace(self, image_sets=(*self.image_sets, *taken), held=left)

    def with_held_accepted(self) -> Case:
        """The case with every held set taken in (the reader said so)."""
        return replace(self, image_sets=(*self.image_sets, *self.held), held=())

    def without_held(self) -> Case:
        """The case with the held sets left out."""
        return replace(self, held=())


def _most_seen(sets: tuple[ImageSet, ...]) -> Patient | None:
    """The patient most of the image sets are of; of two with as many, the first."""
    if not sets:
        return None
    counts = Counter(item.patient.key for item in sets)
    key, _ = counts.most_common(1)[0]
    return next(item.patient for item in sets if item.patient.key == key)
