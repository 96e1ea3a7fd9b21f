"""What a number was measured on: processor, cores, versions."""

import importlib.metadata
import os
import pathlib
import platform

PACKAGES = """
    eegimg mne mne-bids numpy scipy scikit-learn pyprep autoreject mne-icalabel onnxruntime python-picard
""".split()


def describe_machine():
    """Return processor, cores, system and package versions as a dict."""
    cpuinfo = pathlib.Path("/proc/cpuinfo")
    lines = cpuinfo.read_text(encoding="utf-8").splitlines() if cpuinfo.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return {
        "cpu": names[0] if names else platform.processor(),
        "cores": os.cpu_count(),
        "platform": platform.platform(),
        "python": platform.python_version(),
        "versions": {name: importlib.metadata.version(name) for name in PACKAGES},
    }
