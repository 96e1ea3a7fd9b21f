"""Where the pictures are: in the dataset, in a folder, in a zip file or in an ImageNet tree."""

import itertools
import os
import pathlib
import re
import zipfile

from ..._checks import check_type
from ..._paths import is_inside

# Below which folders ImageNet trees have their classes: unpacked by hand, and as in the ILSVRC archives.
_CLASSES_BELOW = ("", "train", "ILSVRC/Data/CLS-LOC/train", "Data/CLS-LOC/train", "images")
_ENDINGS = (".JPEG", ".jpg", ".jpeg", ".png")


class Pictures:
    """Files of pictures by the name that events.tsv gives them.

    Parameters
    ----------
    bids_root : pathlib.Path
        Its ``stimuli`` folder comes first.
    images : path-like | None
        A folder or a zip file beside the dataset. Pictures are sought in it under their published path, in a
        folder of their class (``n02951358/n02951358_31190.JPEG``, THINGS' ``cat/cat_05s.jpg``), in the places
        where ImageNet trees have their classes, and by their bare name where that can mean one picture only.

    Raises
    ------
    FileNotFoundError
        If there is no such folder or file.
    ValueError
        If the file is no zip file.
    """

    def __init__(self, bids_root, images):
        wanted = "a folder, a zip file or None"
        check_type("images", images, (str, os.PathLike, type(None)), "load_dataset", wanted)
        self.stimuli = bids_root / "stimuli"
        self.bids_root = bids_root
        self.images = None if images is None else _absolute(images)
        self._members = {}
        if self.images is None:
            return
        if not self.images.exists():
            raise FileNotFoundError(
                f"The pictures were looked for in {self.images}; there is no such folder or file."
            )
        if self.images.is_file():
            if not zipfile.is_zipfile(self.images):
                raise ValueError(f"The pictures {self.images} must be a folder or a zip file. It is neither.")
            with zipfile.ZipFile(self.images) as archive:
                self._members = _by_ending(archive.namelist())

    def find(self, name, *, alone=True):
        """Return where a picture is, or None.

        Parameters
        ----------
        name : str | None
            As in events.tsv; a Windows path is a path all the same.
        alone : bool
            Whether no other picture that was shown has the same file name in another folder: only then is the
            bare file name enough.

        Returns
        -------
        path : str | None
            A file, or ``archive.zip/member``.
        """
        if not isinstance(name, str) or not name:
            return None
        name = name.replace("\\", "/")
        # BIDS counts from the stimuli folder; some name it all the same.
        path = self._file(self.stimuli, name) or self._file(self.stimuli, name.removeprefix("stimuli/"))
        if path is not None or self.images is None:
            return path
        places = [name, *_classes_of(name)]
        endings = _endings_of(name)
        for place, ending in itertools.product(places, endings):
            path = path or self._in_collection(str(pathlib.PurePosixPath(place).with_suffix(ending)))
        for ending in endings if alone else ():
            file = pathlib.PurePosixPath(name).with_suffix(ending).name
            path = path or self._in_collection(file, near_the_top=True)
        return path

    def _in_collection(self, place, *, near_the_top=False):
        """Look for a path in the folder, or in the archive whatever folders are around everything there."""
        if not self._members:
            return self._file(self.images, place)
        member = self._members.get(place)
        if member is None or (near_the_top and member.count("/") > 1):
            return None
        return f"{self.images}/{member}"

    def _file(self, folder, name):
        path = folder / name
        # A name must not lead out. Links of git-annex lead from stimuli/ to elsewhere in the dataset; those
        # in a folder of pictures are the user's own.
        named = pathlib.Path(os.path.normpath(path))
        try:
            inside = folder in named.parents
            if folder is self.stimuli:
                inside = inside and (is_inside(path, folder) or is_inside(path, self.bids_root))
            return str(path) if inside and path.is_file() else None
        except (OSError, ValueError):  # no name that this system allows for a file
            return None

    def read(self, path):
        """Return a picture as a PIL image in RGB.

        Parameters
        ----------
        path : str
            As :meth:`find` gave it.

        Raises
        ------
        RuntimeError
            If the file is no picture.
        """
        import PIL.Image

        prefix = f"{self.images}/"
        try:
            if self._members and path.startswith(prefix):
                member = path.removeprefix(prefix)
                with zipfile.ZipFile(self.images) as archive, archive.open(member) as stream:
                    return PIL.Image.open(stream).convert("RGB")
            with PIL.Image.open(path) as image:
                return image.convert("RGB")
        except (OSError, SyntaxError, zipfile.BadZipFile) as err:
            raise RuntimeError(f"{path} cannot be read as a picture. Copy it again.") from err


def _absolute(path):
    return pathlib.Path(path).expanduser().absolute()


def _by_ending(members):
    """Map each member of an archive, and each shorter path it ends in, to it; not what several end in."""
    found = {}
    for member in members:
        parts = member.split("/")
        for start in range(1, len(parts)):
            ending = "/".join(parts[start:])
            found[ending] = member if found.get(ending, member) == member else None
    # A whole path means its member, whatever else ends in it.
    return found | {member: member for member in members}


def _classes_of(name):
    """List where a picture is in a collection that has a folder for each class."""
    published = pathlib.PurePosixPath(name)
    classes = [published.parent.name, re.sub(r"^\d+_", "", published.parent.name)]
    if re.match(r"n\d{8}_", published.name):
        classes.append(published.name.split("_")[0])
    return [
        f"{below}/{kind}/{published.name}".lstrip("/") for below in _CLASSES_BELOW for kind in classes if kind
    ]


def _endings_of(name):
    suffix = pathlib.PurePosixPath(name).suffix
    return dict.fromkeys([suffix, *_ENDINGS]) if suffix else [""]
