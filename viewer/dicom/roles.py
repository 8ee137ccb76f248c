"""What an instance is to a reviewer: venogram, pullback, ultrasound and so on."""

from __future__ import annotations

import re

from viewer.dicom.header import Header
from viewer.model.study import Role

_XA = "1.2.840.10008.5.1.4.1.1.12."
_SC = "1.2.840.10008.5.1.4.1.1.7"
_MODALITY_OF_CLASS = (
    (_XA + "1", "XA"),
    (_XA + "2", "RF"),
    (_XA + "3", "XA"),
    ("1.2.840.10008.5.1.4.1.1.3", "US"),
    ("1.2.840.10008.5.1.4.1.1.6", "US"),
    (_SC, "OT"),
    ("1.2.840.10008.5.1.4.1.1.2", "CT"),
    ("1.2.840.10008.5.1.4.1.1.4", "MR"),
    ("1.2.840.10008.5.1.4.1.1.11", "PR"),
    ("1.2.840.10008.5.1.4.1.1.88.59", "KO"),
    ("1.2.840.10008.5.1.4.1.1.88", "SR"),
)
_ROLES = {
    **dict.fromkeys(("XA", "RF", "XRF", "DF", "DSA", "CF", "DS"), Role.VENOGRAM),
    **dict.fromkeys(("IVUS",), Role.PULLBACK),
    **dict.fromkeys(("US",), Role.ULTRASOUND),
    **dict.fromkeys(("CT", "MR"), Role.VOLUME),
    **dict.fromkeys(("PR", "KO"), Role.PRESENTATION),
    **dict.fromkeys(("SR", "DOC"), Role.REPORT),
}
IMAGE_MODALITIES = frozenset(("XA", "RF", "XRF", "US", "IVUS", "CT", "MR", "SC"))
"""Modalities whose objects hold pixels."""
_PULLBACK_WORDS = re.compile(r"\bivus\b|intra-?vascular|pull[ _-]?back", re.IGNORECASE)
_IVUS_TAGS = ("IVUSAcquisition", "IVUSPullbackRate", "IVUSPullbackStartFrameNumber")
_MAY_BE_PULLBACK = {"US", "SC", "OT"}


def sop_class(header: Header, media_class_uid: str) -> str:
    """SOP Class UID, from the file meta information when the data set has none."""
    return header.text("SOPClassUID") or media_class_uid


def is_secondary_capture(class_uid: str) -> bool:
    """Whether the class is of the Secondary Capture family."""
    return class_uid == _SC or class_uid.startswith(_SC + ".")


def modality(header: Header, class_uid: str) -> str:
    """Modality, inferred from the SOP class when the header has none."""
    given = header.text("Modality").upper()
    if given:
        return given
    for prefix, found in _MODALITY_OF_CLASS:
        if class_uid == prefix or class_uid.startswith(prefix + "."):
            return found
    return ""


def role(header: Header, kind: str, class_uid: str) -> Role:
    """The role of an instance of modality `kind`.

    Ultrasound and captures count as a pullback when an IVUS attribute, an intravascular
    transducer (IV_…, PS3.3 C.8.5.6) or words of their descriptions say so.
    """
    if kind in _MAY_BE_PULLBACK or (kind not in _ROLES and is_secondary_capture(class_uid)):
        if any(tag in header for tag in _IVUS_TAGS):
            return Role.PULLBACK
        if header.text("TransducerType").startswith("IV_"):
            return Role.PULLBACK
        if _PULLBACK_WORDS.search(_words(header, kind)):
            return Role.PULLBACK
    return _ROLES.get(kind, Role.OTHER)


def _words(header: Header, kind: str) -> str:
    words = [
        header.text("SeriesDescription"),
        header.text("ProtocolName"),
        header.whole_text("ImageComments"),
        " ".join(header.texts("ImageType")),
    ]
    if kind == "US" and not words[0]:
        # An IVUS console names its study; a duplex of a venous study names its series.
        words.append(header.text("StudyDescription"))
    return " ".join(words)


def phase_hint(header: Header) -> str:
    """Words that help to guess the phase of the procedure."""
    words = (
        header.text("SeriesDescription"),
        header.text("StudyDescription"),
        header.text("ProtocolName"),
        header.whole_text("ImageComments"),
    )
    return " · ".join(dict.fromkeys(word for word in words if word))
