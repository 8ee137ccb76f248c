"""Synthetic cases with exact truth, written as DICOM."""
