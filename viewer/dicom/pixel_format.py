"""How stored values are laid out and meant to be shown, from the header alone."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from viewer.dicom.header import Header
from viewer.dicom.pixel_extent import FrameShape
from viewer.model.study import LookupTable, PixelFormat, Shutter, Window

_FUNCTIONS = ("LINEAR", "LINEAR_EXACT", "SIGMOID")


def frame_shape(header: Header) -> FrameShape:
    """Size and layout of one frame; rows or columns 0 when the header has none."""
    return FrameShape(
        rows=header.integer("Rows") or 0,
        columns=header.integer("Columns") or 0,
        samples=header.integer("SamplesPerPixel") or 1,
        bits_allocated=header.integer("BitsAllocated") or 8,
        photometric=header.text("PhotometricInterpretation").upper() or "MONOCHROME2",
    )


def pixel_format(header: Header, groups: Sequence[Header], aspect: float | None) -> PixelFormat:
    """The format of an image set's frames.

    Parameters
    ----------
    groups : sequence of Header
        Functional groups of the first frame (enhanced objects).
    aspect : float or None
        Pixel height / width told by a better source than Pixel Aspect Ratio (a region).
    """
    shape = frame_shape(header)
    signed = header.integer("PixelRepresentation") == 1
    stored = header.integer("BitsStored") or shape.bits_allocated
    return PixelFormat(
        samples=shape.samples,
        bits_allocated=shape.bits_allocated,
        bits_stored=min(stored, shape.bits_allocated),
        signed=signed,
        photometric=shape.photometric,
        rescale=_rescale(header, groups),
        windows=_windows(header, groups),
        modality_lut=next(iter(_tables(header, "ModalityLUTSequence", signed)), None),
        voi_luts=_tables(header, "VOILUTSequence", signed),
        shutter=_shutter(header),
        intensity_relationship=header.text("PixelIntensityRelationship").upper(),
        intensity_sign=_sign(header.integer("PixelIntensityRelationshipSign")),
        aspect=aspect or _aspect(header),
    )


def _rescale(header: Header, groups: Sequence[Header]) -> tuple[float, float] | None:
    """(slope, intercept); None when absent, identity or senseless."""
    candidates = [header]
    candidates += [g for group in groups if (g := group.item("PixelValueTransformationSequence"))]
    for candidate in candidates:
        slope = candidate.number("RescaleSlope")
        intercept = candidate.number("RescaleIntercept")
        if slope is None and intercept is None:
            continue
        pair = (slope if slope else 1.0, intercept or 0.0)
        return None if pair == (1.0, 0.0) else pair
    return None


def _windows(header: Header, groups: Sequence[Header]) -> tuple[Window, ...]:
    """The header's presets in its order; those with an impossible width left out."""
    candidates = [header]
    candidates += [g for group in groups if (g := group.item("FrameVOILUTSequence"))]
    for candidate in candidates:
        centers, widths = candidate.numbers("WindowCenter"), candidate.numbers("WindowWidth")
        names = candidate.texts("WindowCenterWidthExplanation")
        function = candidate.text("VOILUTFunction").upper()
        function = function if function in _FUNCTIONS else "LINEAR"
        narrowest = 1.0 if function == "LINEAR" else 0.0
        found = tuple(
            Window(center, width, function, names[k] if k < len(names) else "")
            for k, (center, width) in enumerate(zip(centers, widths, strict=False))
            if width >= narrowest and width > 0
        )
        if found:
            return found
    return ()


def _tables(header: Header, keyword: str, signed: bool) -> tuple[LookupTable, ...]:
    tables = (_table(item, signed) for item in header.items(keyword))
    return tuple(table for table in tables if table is not None)


def _table(item: Header, signed: bool) -> LookupTable | None:
    """One lookup table (PS3.3 C.11.1.1.1); None when it is not whole."""
    descriptor = [int(value) for value in item.numbers("LUTDescriptor")]
    if len(descriptor) < 3:
        return None
    count = (descriptor[0] & 0xFFFF) or 65536
    first = descriptor[1] & 0xFFFF
    if signed and first >= 0x8000:
        first -= 0x10000
    raw = item.raw("LUTData")
    if len(raw) >= 2 * count:
        values = tuple(int(v) & 0xFFFF for v in item.numbers("LUTData")[:count])
    elif len(raw) >= count:
        values = struct.unpack_from(f"{count}B", raw)  # 8-bit entries, packed
    else:
        return None
    bits = descriptor[2] if 1 <= descriptor[2] <= 16 else 16
    return LookupTable(first, bits, values, item.text("LUTExplanation"))


def _shutter(header: Header) -> Shutter | None:
    """Shutter in 0-based px (header: rows and columns from 1); None when nothing is shut."""
    shapes = {shape.upper() for shape in header.texts("ShutterShape")}
    rectangle: tuple[float, float, float, float] | None = None
    circle: tuple[float, float, float] | None = None
    polygon: tuple[tuple[float, float], ...] = ()
    if "RECTANGULAR" in shapes:
        rectangle = _rectangle(header)
    if "CIRCULAR" in shapes:
        center = header.numbers("CenterOfCircularShutter")
        radius = header.number("RadiusOfCircularShutter")
        if len(center) >= 2 and radius is not None and radius > 0:
            circle = (center[1] - 1.0, center[0] - 1.0, radius)
    if "POLYGONAL" in shapes:
        corners = header.numbers("VerticesOfThePolygonalShutter")
        pairs = tuple(zip(corners[1::2], corners[::2], strict=False))
        polygon = tuple((x - 1.0, y - 1.0) for x, y in pairs) if len(pairs) >= 3 else ()
    if rectangle is None and circle is None and not polygon:
        return None
    return Shutter(rectangle, circle, polygon)


def _sign(value: int | None) -> int:
    """Pixel Intensity Relationship Sign; 0 when it is missing or neither 1 nor -1."""
    return value if value in (1, -1) else 0


def _rectangle(header: Header) -> tuple[float, float, float, float] | None:
    """(left, upper, right, lower) edges, None unless all are there and in order."""
    edges = [
        edge - 1.0
        for name in ("LeftVertical", "UpperHorizontal", "RightVertical", "LowerHorizontal")
        if (edge := header.number(f"Shutter{name}Edge")) is not None
    ]
    if len(edges) < 4 or edges[0] >= edges[2] or edges[1] >= edges[3]:
        return None
    return edges[0], edges[1], edges[2], edges[3]


def _aspect(header: Header) -> float:
    """Pixel height / width by Pixel Aspect Ratio, else by a spacing, else 1."""
    for keyword in ("PixelAspectRatio", "PixelSpacing", "ImagerPixelSpacing"):
        values = header.numbers(keyword)
        if len(values) >= 2 and min(values[:2]) > 0:
            return values[0] / values[1]
    return 1.0
