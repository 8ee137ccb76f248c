from __future__ import annotations

import os
import shutil
import zipfile
from pathlib import Path

import pytest
from header_samples import dataset, save, uid
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

from viewer.dicom.index import IndexResult, index


def one(path: Path, name: str = "") -> Path:
    return save(dataset(2, FrameTime=33, SOPInstanceUID=uid(name or path.name)), path)


def reasons(result: IndexResult) -> dict[str, str]:
    return {skipped.path.name: skipped.reason for skipped in result.skipped}


def test_folders_at_any_depth_and_several_at_once(tmp_path: Path) -> None:
    one(tmp_path / "a" / "b" / "c" / "d" / "IM1")
    one(tmp_path / "a" / "IM2.dcm")
    other = one(tmp_path / "elsewhere" / "IM3")
    result = index([tmp_path / "a", other, tmp_path / "a" / "IM2.dcm"])
    assert len(result.image_sets) == 3
    assert result.skipped == result.ignored == ()
    assert result.files == 3


def test_nothing_is_written_beside_the_images(tmp_path: Path) -> None:
    one(tmp_path / "a" / "IM1")
    with zipfile.ZipFile(tmp_path / "a" / "case.zip", "w") as archive:
        archive.write(one(tmp_path / "b" / "IM2"), "IM2")
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    assert len(index([tmp_path / "a"]).image_sets) == 2
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def test_other_files_in_a_folder_are_passed_over(tmp_path: Path) -> None:
    one(tmp_path / "IM1")
    (tmp_path / "README.md").write_text("words " * 100)
    (tmp_path / "lost.dcm").write_text("words " * 100)
    result = index([tmp_path])
    assert [s.path.name for s in result.ignored] == ["README.md"]
    assert reasons(result) == {"lost.dcm": "it is not a DICOM file; open the images themselves"}


def test_a_named_file_that_is_no_dicom(tmp_path: Path) -> None:
    path = tmp_path / "README.md"
    path.write_text("words " * 100)
    empty = tmp_path / "empty"
    empty.touch()
    result = index([path, empty, tmp_path / "missing"])
    assert result.image_sets == ()
    assert set(reasons(result)) == {"README.md", "empty", "missing"}
    assert "0 bytes" in reasons(result)["empty"]
    assert "does not exist" in reasons(result)["missing"]


def test_an_empty_folder_and_one_without_images(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert "the folder is empty" in reasons(index([tmp_path / "empty"]))["empty"]
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "a.txt").write_text("text")
    assert "no DICOM files" in reasons(index([tmp_path / "texts"]))["texts"]


def test_a_folder_without_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one(tmp_path / "IM1")
    (tmp_path / "locked").mkdir()
    scandir = os.scandir

    def refusing(path: Path) -> object:
        if Path(path).name == "locked":
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr("viewer.dicom.sources.os.scandir", refusing)
    result = index([tmp_path])
    assert len(result.image_sets) == 1
    assert "no permission" in reasons(result)["locked"]


def test_a_file_that_goes_away_or_is_locked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one(tmp_path / "IM1")
    locked = one(tmp_path / "IM2")
    opened = Path.open

    def refusing(self: Path, *args: object, **more: object) -> object:
        if self == locked:
            raise PermissionError(13, "Permission denied", str(self))
        return opened(self, *args, **more)  # type: ignore[call-overload]

    monkeypatch.setattr(Path, "open", refusing)
    result = index([tmp_path])
    assert len(result.image_sets) == 1
    assert "no permission" in reasons(result)["IM2"]


def test_a_loop_of_links_ends(tmp_path: Path) -> None:
    one(tmp_path / "a" / "IM1")
    (tmp_path / "a" / "loop").symlink_to(tmp_path / "a", target_is_directory=True)
    assert len(index([tmp_path / "a"]).image_sets) == 1


def test_zip_members_are_read_in_place(tmp_path: Path) -> None:
    path = tmp_path / "case.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("x/IM1", "x/IM2", "../../escape.dcm", "readme.txt"):
            file = one(tmp_path / "made" / Path(name).name)
            archive.write(file, name) if name != "readme.txt" else archive.writestr(name, "text")
        archive.writestr("inner.zip", b"PK\x05\x06" + bytes(18))
    shutil.rmtree(tmp_path / "made")
    result = index([path])
    members = {found.spans[0].member for found in result.image_sets}
    assert members == {"x/IM1", "x/IM2", "../../escape.dcm"}
    assert all(found.spans[0].path == path for found in result.image_sets)
    assert [s.path.name for s in result.ignored] == ["readme.txt"]
    assert "a zip inside a zip" in reasons(result)["inner.zip"]
    assert list(tmp_path.iterdir()) == [path]
    assert not (tmp_path.parent / "escape.dcm").exists()


def test_a_damaged_zip(tmp_path: Path) -> None:
    one(tmp_path / "IM1")
    whole = tmp_path / "whole.zip"
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("IM2", one(tmp_path / "IM1").read_bytes() * 50)
    data = bytearray(whole.read_bytes())
    (tmp_path / "half.zip").write_bytes(data[: len(data) // 2])
    data[40:90] = b"\xff" * 50
    (tmp_path / "bitten.zip").write_bytes(data)
    whole.unlink()
    result = index([tmp_path])
    assert len(result.image_sets) == 1
    assert "the zip is damaged" in reasons(result)["half.zip"]
    assert "damaged inside the zip" in reasons(result)["IM2"]


def test_an_encrypted_member(tmp_path: Path) -> None:
    path = tmp_path / "case.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("IM1", b"secret")
    data = path.read_bytes().replace(
        b"PK\x01\x02\x14\x03\x14\0\0\0", b"PK\x01\x02\x14\x03\x14\0\1\0"
    )
    path.write_bytes(data)
    assert "encrypted" in reasons(index([path]))["IM1"]


def dicomdir(folder: Path, *names: list[str]) -> Path:
    ds = Dataset()
    ds.DirectoryRecordSequence = []
    for name in names:
        record = Dataset()
        record.DirectoryRecordType = "IMAGE"
        record["ReferencedFileID"] = DataElement("ReferencedFileID", "LO", name)
        ds.DirectoryRecordSequence.append(record)
    ds.file_meta = FileMetaDataset()
    ds.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.1.3.10"
    ds.file_meta.MediaStorageSOPInstanceUID = uid("dicomdir")
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.save_as(folder / "DICOMDIR", enforce_file_format=True)
    return folder / "DICOMDIR"


def test_dicomdir_in_any_case_of_letters(tmp_path: Path) -> None:
    one(tmp_path / "images" / "im1")
    one(tmp_path / "images" / "unlisted")
    outside = one(tmp_path.parent / f"{tmp_path.name}_outside")
    path = dicomdir(tmp_path, ["IMAGES", "IM1"], ["IMAGES", "IM2"], ["..", outside.name])
    result = index([path])
    assert [found.paths[0].name for found in result.image_sets] == ["im1"]
    assert reasons(result) == {
        "DICOMDIR": "the DICOMDIR names 2 files that are not there (first: IMAGES/IM2); "
        "copy the whole medium"
    }
    folder = index([tmp_path])
    assert len(folder.image_sets) == 2
    assert set(reasons(folder)) == {"DICOMDIR"}


def test_a_renamed_and_a_damaged_dicomdir(tmp_path: Path) -> None:
    one(tmp_path / "IM1")
    renamed = dicomdir(tmp_path, ["IM1"]).rename(tmp_path / "contents.bin")
    assert len(index([renamed]).image_sets) == 1
    assert len(index([tmp_path]).image_sets) == 1
    (tmp_path / "DICOMDIR").write_bytes(b"nothing of the kind")
    result = index([tmp_path / "DICOMDIR"])
    assert "the DICOMDIR is damaged" in reasons(result)["DICOMDIR"]


def test_a_pipe_is_told_and_never_waited_for(tmp_path: Path) -> None:
    one(tmp_path / "a" / "IM1")
    os.mkfifo(tmp_path / "a" / "pipe.dcm")
    (tmp_path / "a" / "up").symlink_to(tmp_path / "a", target_is_directory=True)
    (tmp_path / "a" / "gone.dcm").symlink_to(tmp_path / "nowhere")
    whole = index([tmp_path / "a"])
    assert len(whole.image_sets) == 1
    assert {left.path.name: left.reason for left in whole.ignored} == {
        "pipe.dcm": "it is not a file but a device or a pipe",
        "up": "a link to a folder, not followed; open that folder itself",
        "gone.dcm": "a link that leads nowhere",
    }
    alone = index([tmp_path / "a" / "pipe.dcm"])
    assert "a device or a pipe" in reasons(alone)["pipe.dcm"]


def test_folders_deeper_than_python_can_recurse(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = one(tmp_path / "IM1")
    monkeypatch.chdir(tmp_path)
    for _ in range(1200):
        Path("d").mkdir()
        os.chdir("d")
    shutil.copy(path, "IM2")
    result = index([tmp_path / "d"])
    Path("IM2").unlink()
    for _ in range(1200):  # pytest's own cleaning would recurse
        os.chdir("..")
        Path("d").rmdir()
    assert [len(found.spans[0].path.parts) for found in result.image_sets] == [
        len(tmp_path.parts) + 1201
    ]


@pytest.mark.parametrize("packing", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2, zipfile.ZIP_DEFLATED])
def test_a_damaged_member_of_any_packing_is_named(tmp_path: Path, packing: int) -> None:
    place = tmp_path / "case.zip"
    with zipfile.ZipFile(place, "w", packing) as archive:
        archive.write(one(tmp_path / "IM1"), "IM1.dcm")
    data = bytearray(place.read_bytes())
    data[40:90] = b"\xff" * 50
    place.write_bytes(data)
    assert "again" in reasons(index([place]))["IM1.dcm"]
