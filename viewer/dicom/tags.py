"""The data elements that are read, by keyword: number and value representation.

Source: PS3.6 data dictionary. Everything else in a header is stepped over.
"""

from __future__ import annotations

_TABLE = """
00041220 SQ DirectoryRecordSequence
00041500 CS ReferencedFileID
00080005 CS SpecificCharacterSet
00080008 CS ImageType
00080016 UI SOPClassUID
00080018 UI SOPInstanceUID
00080020 DA StudyDate
00080021 DA SeriesDate
00080022 DA AcquisitionDate
00080023 DA ContentDate
0008002A DT AcquisitionDateTime
00080030 TM StudyTime
00080031 TM SeriesTime
00080032 TM AcquisitionTime
00080033 TM ContentTime
00080060 CS Modality
00081030 LO StudyDescription
0008103E LO SeriesDescription
00082142 IS StartTrim
00082143 IS StopTrim
00082144 IS RecommendedDisplayFrameRate
00100010 PN PatientName
00100020 LO PatientID
00100030 DA PatientBirthDate
00120062 CS PatientIdentityRemoved
00180040 IS CineRate
00180060 DS KVP
00181030 LO ProtocolName
00181063 DS FrameTime
00181065 DS FrameTimeVector
00181110 DS DistanceSourceToDetector
00181111 DS DistanceSourceToPatient
00181114 DS EstimatedRadiographicMagnificationFactor
00181134 CS TableMotion
00181149 IS FieldOfViewDimensions
00181130 DS TableHeight
00181164 DS ImagerPixelSpacing
00181244 US PreferredPlaybackSequencing
00181510 DS PositionerPrimaryAngle
00181511 DS PositionerSecondaryAngle
00181520 DS PositionerPrimaryAngleIncrement
00181521 DS PositionerSecondaryAngleIncrement
00181600 CS ShutterShape
00181602 IS ShutterLeftVerticalEdge
00181604 IS ShutterRightVerticalEdge
00181606 IS ShutterUpperHorizontalEdge
00181608 IS ShutterLowerHorizontalEdge
00181610 IS CenterOfCircularShutter
00181612 IS RadiusOfCircularShutter
00181620 IS VerticesOfThePolygonalShutter
00182010 DS NominalScannedPixelSpacing
00183100 CS IVUSAcquisition
00183101 DS IVUSPullbackRate
00183103 IS IVUSPullbackStartFrameNumber
00183104 IS IVUSPullbackStopFrameNumber
00186011 SQ SequenceOfUltrasoundRegions
00186012 US RegionSpatialFormat
00186014 US RegionDataType
00186018 UL RegionLocationMinX0
0018601A UL RegionLocationMinY0
0018601C UL RegionLocationMaxX1
0018601E UL RegionLocationMaxY1
00186024 US PhysicalUnitsXDirection
00186026 US PhysicalUnitsYDirection
0018602C FD PhysicalDeltaX
0018602E FD PhysicalDeltaY
00186031 CS TransducerType
00189074 DT FrameAcquisitionDateTime
00189151 DT FrameReferenceDateTime
00189401 SQ ProjectionPixelCalibrationSequence
00189402 FL DistanceSourceToIsocenter
00189403 FL DistanceObjectToTableTop
00189404 FL ObjectPixelSpacingInCenterOfBeam
00189405 SQ PositionerPositionSequence
00189462 SQ IsocenterReferenceSystemSequence
00189463 FL PositionerIsocenterPrimaryAngle
00189464 FL PositionerIsocenterSecondaryAngle
00189476 SQ XRayGeometrySequence
0020000D UI StudyInstanceUID
0020000E UI SeriesInstanceUID
00200011 IS SeriesNumber
00200013 IS InstanceNumber
00200020 CS PatientOrientation
00200060 CS Laterality
00200062 CS ImageLaterality
00204000 LT ImageComments
00209071 SQ FrameAnatomySequence
00209072 CS FrameLaterality
00209111 SQ FrameContentSequence
00280002 US SamplesPerPixel
00280004 CS PhotometricInterpretation
00280006 US PlanarConfiguration
00280008 IS NumberOfFrames
00280009 AT FrameIncrementPointer
00280010 US Rows
00280011 US Columns
00280030 DS PixelSpacing
00280034 IS PixelAspectRatio
00280100 US BitsAllocated
00280101 US BitsStored
00280102 US HighBit
00280103 US PixelRepresentation
00280A02 CS PixelSpacingCalibrationType
00281040 CS PixelIntensityRelationship
00281041 SS PixelIntensityRelationshipSign
00281050 DS WindowCenter
00281051 DS WindowWidth
00281052 DS RescaleIntercept
00281053 DS RescaleSlope
00281055 LO WindowCenterWidthExplanation
00281056 CS VOILUTFunction
00281101 US RedPaletteColorLookupTableDescriptor
00281102 US GreenPaletteColorLookupTableDescriptor
00281103 US BluePaletteColorLookupTableDescriptor
00281201 OW RedPaletteColorLookupTableData
00281202 OW GreenPaletteColorLookupTableData
00281203 OW BluePaletteColorLookupTableData
00281221 OW SegmentedRedPaletteColorLookupTableData
00281222 OW SegmentedGreenPaletteColorLookupTableData
00281223 OW SegmentedBluePaletteColorLookupTableData
00283000 SQ ModalityLUTSequence
00283002 US LUTDescriptor
00283003 LO LUTExplanation
00283006 OW LUTData
00283010 SQ VOILUTSequence
00286100 SQ MaskSubtractionSequence
00286101 CS MaskOperation
00286102 US ApplicableFrameRange
00286110 US MaskFrameNumbers
00286112 US ContrastFrameAveraging
00286114 FL MaskSubPixelShift
00286120 SS TIDOffset
00289110 SQ PixelMeasuresSequence
00289132 SQ FrameVOILUTSequence
00289145 SQ PixelValueTransformationSequence
00289443 SQ FramePixelDataPropertiesSequence
52009229 SQ SharedFunctionalGroupsSequence
52009230 SQ PerFrameFunctionalGroupsSequence
"""

_OVERLAY_TABLE = """
0010 US OverlayRows
0011 US OverlayColumns
0015 IS NumberOfFramesInOverlay
0050 SS OverlayOrigin
0051 US ImageFrameOrigin
0100 US OverlayBitsAllocated
0102 US OverlayBitPosition
3000 OW OverlayData
"""

OVERLAY_GROUPS = tuple(range(0x6000, 0x6020, 2))
"""Repeating groups of overlay planes; their keywords end in the group, as OverlayRows6000."""

NUMBERS: dict[str, int] = {}
"""Keyword to tag number, group in the upper 16 bits."""

REPRESENTATIONS: dict[int, str] = {}
"""Tag number to value representation; the tags that are read at all."""

for _line in _TABLE.split("\n"):
    if _line:
        _number, _vr, _keyword = _line.split()
        NUMBERS[_keyword] = int(_number, 16)
        REPRESENTATIONS[int(_number, 16)] = _vr
for _line in _OVERLAY_TABLE.split("\n"):
    for _group in OVERLAY_GROUPS if _line else ():
        _number, _vr, _keyword = _line.split()
        NUMBERS[f"{_keyword}{_group:04X}"] = _group << 16 | int(_number, 16)
        REPRESENTATIONS[_group << 16 | int(_number, 16)] = _vr
