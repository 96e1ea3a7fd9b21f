"""The networks themselves, one file per paper: these files import torch, and are loaded only to build."""
