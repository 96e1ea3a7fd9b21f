"""Where the pictures are: in the dataset, in a folder, in a zip file or in an ImageNet tree."""

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
        where ImageNet trees have their classes, and by their bare name.

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
        self.images = None if images is None else pathlib.Path(os.path.abspath(images))
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
                for member in archive.namelist():
                    parts = member.split("/")
                    # Also without the folders around it: archives differ in how many there are.
                    for start in range(len(parts)):
                        self._members.setdefault("/".join(parts[start:]), member)

    def find(self, name):
        """Return where a picture is, or None.

        Parameters
        ----------
        name : str | None
            As in events.tsv; a Windows path is a path all the same.

        Returns
        -------
        path : str | None
            A file, or ``archive.zip/member``.
        """
        if not isinstance(name, str) or not name:
            return None
        name = name.replace("\\", "/")
        path = self._file(self.stimuli, name)
        for candidate in _candidates(name) if self.images is not None else ():
            if path is None and not self._members:
                path = self._file(self.images, candidate)
            elif path is None and candidate in self._members:
                path = f"{self.images}/{self._members[candidate]}"
        return path

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
        """
        import PIL.Image

        prefix = f"{self.images}/"
        if self._members and path.startswith(prefix):
            with zipfile.ZipFile(self.images) as archive, archive.open(path.removeprefix(prefix)) as stream:
                return PIL.Image.open(stream).convert("RGB")
        with PIL.Image.open(path) as image:
            return image.convert("RGB")


def _candidates(name):
    """List where a picture may be in a collection, the published path first."""
    published = pathlib.PurePosixPath(name)
    file = published.name
    classes = [published.parent.name, re.sub(r"^\d+_", "", published.parent.name)]
    if re.match(r"n\d{8}_", file):
        classes.append(file.split("_")[0])
    places = [f"{below}/{kind}/{file}".lstrip("/") for below in _CLASSES_BELOW for kind in classes if kind]
    endings = [published.suffix, *_ENDINGS] if published.suffix else [""]
    return list(
        dict.fromkeys(
            str(pathlib.PurePosixPath(place).with_suffix(ending))
            for place in (name, *places, file)
            for ending in endings
        )
    )
