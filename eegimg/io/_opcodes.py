"""What a pickle asks for, found by its opcodes before any of them is followed."""

import collections
import pickletools
import struct

from ._refusal import ADVICE, Refusal

_OPCODES = {opcode.code.encode("latin1"): opcode for opcode in pickletools.opcodes}
_LENGTHS = {
    pickletools.TAKEN_FROM_ARGUMENT1: "<B",
    pickletools.TAKEN_FROM_ARGUMENT4: "<I",
    pickletools.TAKEN_FROM_ARGUMENT4U: "<I",
    pickletools.TAKEN_FROM_ARGUMENT8U: "<Q",
}
# Names, indices and dtypes are shorter; what is longer is data, and stepped over.
_LONGEST_NAME = 4096
_PUTS, _GETS = ("PUT", "BINPUT", "LONG_BINPUT"), ("GET", "BINGET", "LONG_BINGET")
# Files of EEG need about ten; Python can be made to crash with some hundred thousand.
_DEEPEST = 500


def _opcodes(stream):
    """Yield each opcode of one pickle and its argument as bytes, empty where that is long."""
    name = None
    while name != "STOP":
        code = stream.read(1)
        if code not in _OPCODES:
            raise ValueError("it ends early" if not code else "it has a part that pickles do not have")
        opcode = _OPCODES[code]
        name, n_bytes = opcode.name, opcode.arg.n if opcode.arg else 0
        if n_bytes == pickletools.UP_TO_NEWLINE:
            n_lines = 2 if name in ("GLOBAL", "INST") else 1
            argument = b"".join(stream.readline() for _ in range(n_lines))
            if argument.count(b"\n") < n_lines:
                raise ValueError("it ends early")
        else:
            if n_bytes < 0:
                form = _LENGTHS[n_bytes]
                (n_bytes,) = struct.unpack(form, stream.read(struct.calcsize(form)))
            argument = stream.read(n_bytes) if n_bytes <= _LONGEST_NAME else b""
            if n_bytes > _LONGEST_NAME:
                stream.seek(n_bytes, 1)
        yield opcode, argument


class _TupleDepths:
    """How deep tuples lie within tuples: a key is hashed to its depth, and Python crashes on the way."""

    def __init__(self):
        self._stack, self._marks, self._memo = [], [], {}

    def follow(self, opcode, index):
        """Do to the depths what an opcode does to a stack, and return the depth of what it makes."""
        stack, before = self._stack, opcode.stack_before
        if opcode.name in _PUTS or opcode.name == "MEMOIZE":
            self._memo[len(self._memo) if index is None else index] = stack[-1]
        if opcode.name == "MARK" or (opcode.name == "POP" and self._marks[-1:] == [len(stack)]):
            (self._marks.append if opcode.name == "MARK" else self._marks.remove)(len(stack))
            return 0
        if pickletools.markobject in before:
            start = self._marks.pop() - before.index(pickletools.markobject)
        else:
            start = len(stack) - len(before)
        if start < 0:
            raise ValueError("it takes more than it has")
        depth = self._memo.get(index, 0) if opcode.name in _GETS else 0
        if opcode.name in ("TUPLE", "TUPLE1", "TUPLE2", "TUPLE3", "FROZENSET"):
            depth = 1 + max(stack[start:], default=0)
        stack[start:] = [depth] * len(opcode.stack_after)
        return depth


def check_opcodes(stream, check_global):
    """Check the globals of one pickle before any of it is followed, and return its protocol.

    Names that the pickle puts together in another way than picklers do are left to the unpickler.
    """
    texts = collections.deque([None, None], maxlen=2)
    depths, protocol = _TupleDepths(), 0
    for n_before, (opcode, argument) in enumerate(_opcodes(stream)):
        name, index = opcode.name, None
        if name in _PUTS or name in _GETS:
            index = int(argument) if name in ("PUT", "GET") else int.from_bytes(argument, "little")
            # Python would make room for all the objects before it.
            if index > n_before:
                raise Refusal(f"refers to an object number {index} that it does not have. It is damaged.")
        if depths.follow(opcode, index) > _DEEPEST:
            raise RecursionError
        if "UNICODE" in name or name in _GETS:
            texts.append(argument.decode("utf-8", "replace") if index is None else None)
        elif name in ("GLOBAL", "INST"):
            check_global(".".join(argument.decode("utf-8", "replace").split("\n")[:2]))
        elif name == "STACK_GLOBAL" and None not in texts:
            check_global(".".join(texts))
        elif name == "PROTO":
            protocol = argument[0]
        elif name.startswith("EXT"):
            code = int.from_bytes(argument, "little")
            raise Refusal(f"asks for the extension code {code}, which eegimg does not run. {ADVICE}")
    return protocol
