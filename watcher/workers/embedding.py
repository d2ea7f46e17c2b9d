"""Sentence embeddings from a model folder on disk, for ``watcher[semantic]``.

Three kinds of folder are read, as people save or download them: static vectors (model2vec, or the
StaticEmbedding of sentence-transformers), a transformer as ONNX, and a BERT-like transformer whose
weights are in ``model.safetensors``. The last runs on numpy, so that a sentence-transformers folder
needs no torch. Nothing is ever downloaded: only files of the folder are opened.
"""

from __future__ import annotations

import hashlib
import json
import math
import struct
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from watcher.errors import WatcherError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]

MAX_TOKENS = 64
"""Of one sentence: a sentence is told by its first fifty words, and attention grows with n²."""
MAX_CHARS = 1_000
EXTRA = "install watcher with its extra `semantic` (in its folder: pip install '.[semantic]')"

_TENSORS = "model.safetensors"
_ONNX = ("model.onnx", "onnx/model.onnx")
_STATIC = ("embeddings", "embedding.weight")
_BERT_LIKE = ("bert", "roberta", "xlm-roberta", "camembert")
_UNDERSTOOD = ("Transformer", "Pooling", "Normalize", "StaticEmbedding")
_DTYPES = {"F32": "<f4", "F16": "<f2", "F64": "<f8", "I64": "<i8", "I32": "<i4", "I8": "<i1"}
_MAX_HEADER = 50_000_000
_SAMPLED = 65_536
_POINTER = 1_000


class ModelError(WatcherError):
    """The folder can't be used; the message says why and what to do, for people."""


class Embedder:
    """Texts to vectors of length one; a text without a known word is a vector of zeros."""

    def __init__(
        self, encode: Callable[[list[int]], Vectors], tokenizer: Any, version: str
    ) -> None:
        self._encode = encode
        self._tokenizer = tokenizer
        self.version = version
        """Changes with the model's files."""

    def __call__(self, texts: Sequence[str]) -> Vectors:
        """One row each. A text is cut at ``MAX_CHARS`` and ``MAX_TOKENS``."""
        import numpy as np

        rows = []
        # One by one: no padding, no mask, and the same vector whatever else is asked for.
        for text in texts:
            vector = self._encode(self._tokenizer.encode(_plain(text)).ids)
            length = float(np.linalg.norm(vector))
            usable = math.isfinite(length) and length > 0
            rows.append(vector / length if usable else np.zeros_like(vector))
        return np.asarray(rows, dtype=np.float32)


def _plain(text: str) -> str:
    """What a tokenizer in Rust can take: no lone surrogates, and not without end."""
    return text[:MAX_CHARS].encode("utf-8", "replace").decode("utf-8")


def examine(folder: Path) -> str | None:
    """What is wrong with a model folder, in words; None where ``load`` should succeed.

    Cheap: looks at names and small files only.
    """
    try:
        _kind(folder)
    except ModelError as error:
        return str(error)
    return None


def load(folder: Path) -> Embedder:
    """Read the model; raises ModelError. Weights are mapped, so processes share their pages."""
    try:
        kind, weights = _kind(folder)
        if kind == "static":
            tokenizer, encode = _static(folder, weights)
        else:
            tokenizer = _tokenizer(folder / "tokenizer.json", MAX_TOKENS)
            encode = _onnx(folder, weights) if kind == "onnx" else _bert(folder, weights)
        found = Embedder(encode, tokenizer, _version(weights, folder))
        found(["One sentence shows whether all parts fit."])
    except ModelError as error:
        raise ModelError(f"the embedding model {folder}: {error}") from None
    except Exception as error:  # whatever a broken file makes of numpy, tokenizers or onnxruntime
        what = f"can't be read: {type(error).__name__}: {error}"
        raise ModelError(f"the embedding model {folder} {what}") from None
    return found


def room_for(folder: Path) -> int:
    """Bytes of memory that a process should be allowed for the model; raises ModelError."""
    try:
        return 3 * _kind(folder)[1].stat().st_size + 512 * 1024 * 1024
    except (ModelError, OSError) as error:
        raise ModelError(f"the embedding model {folder}: {error}") from None


# ------------------------------------------------------------------------------- what it is


def _kind(folder: Path) -> tuple[str, Path]:
    """``static``, ``onnx`` or ``bert``, and the file with the weights."""
    if not folder.is_dir():
        what = "is a file, not a folder" if folder.exists() else "does not exist"
        raise ModelError(f"the folder {what}: download a model beforehand and name its folder")
    if not find_spec("numpy") or not find_spec("tokenizers"):
        raise ModelError(f"the packages that read models are missing: {EXTRA}")
    try:
        return _kind_of_files(folder)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(f"the model can't be read: {error}") from None


def _kind_of_files(folder: Path) -> tuple[str, Path]:
    _refuse_pointers(folder)
    modules = _json(folder / "modules.json", [])
    _refuse_modules(modules)
    for path in (folder / _TENSORS, *(folder / m["path"] / _TENSORS for m in modules)):
        if path.is_file() and set(_STATIC) & _header(path)[0].keys():
            _need(path.parent / "tokenizer.json", folder / "tokenizer.json")
            return "static", path
    onnx = next((folder / name for name in _ONNX if (folder / name).is_file()), None)
    onnx = onnx or min((folder / "onnx").glob("*.onnx"), default=None)
    tensors = folder / _TENSORS
    known = _json(folder / "config.json", {}).get("model_type") in _BERT_LIKE
    if onnx is None and not (tensors.is_file() and known):
        if tensors.is_file() or (folder / "pytorch_model.bin").is_file():
            raise ModelError(
                "holds weights that only PyTorch can run: export it once with "
                "`optimum-cli export onnx --model FOLDER NEW_FOLDER` and name the new folder"
            )
        raise ModelError(
            f"is no model folder: expected {_TENSORS} or model.onnx, and tokenizer.json"
        )
    _need(folder / "tokenizer.json")
    _pooling(folder)
    if onnx is not None and find_spec("onnxruntime"):
        return "onnx", onnx
    if tensors.is_file() and known:
        return "bert", tensors
    raise ModelError(f"is an ONNX model, and onnxruntime is missing: {EXTRA}")


def _refuse_pointers(folder: Path) -> None:
    """What a clone without git-lfs leaves behind."""
    for path in (*folder.glob("*"), *folder.glob("*/*")):
        small = path.suffix in (".safetensors", ".onnx") and path.stat().st_size < _POINTER
        if small and path.read_bytes().startswith(b"version https://git-lfs"):
            raise ModelError(f"{path.name} only points to the weights: run `git lfs pull` there")


def _refuse_modules(modules: Sequence[Mapping[str, str]]) -> None:
    for module in modules:
        name = module["type"].rpartition(".")[2]
        if name not in _UNDERSTOOD:
            raise ModelError(f"its modules.json asks for {name}, which is not understood here")


def _need(*either: Path) -> None:
    if not any(path.is_file() for path in either):
        raise ModelError(f"has no {either[-1].name}: it belongs to the model, download it too")


def _pooling(folder: Path) -> str:
    """How token vectors become one: ``cls`` or ``mean``."""
    stated = _json(folder / "1_Pooling" / "config.json", {})
    modes = [name for name, on in stated.items() if name.startswith("pooling_mode_") and on is True]
    if modes == ["pooling_mode_cls_token"]:
        return "cls"
    if modes in ([], ["pooling_mode_mean_tokens"]):
        return "mean"
    raise ModelError(f"its pooling is not understood: {', '.join(modes)}")


def _json(path: Path, default: Any) -> Any:
    return json.loads(path.read_text("utf-8")) if path.is_file() else default


def _version(weights: Path, folder: Path) -> str:
    """Of the weights' size, beginning and end: reading all of a large file takes seconds."""
    digest = hashlib.sha256()
    for path in (weights, weights.parent / "tokenizer.json", folder / "tokenizer.json"):
        if path.is_file():
            with path.open("rb") as stream:
                size = stream.seek(0, 2)
                digest.update(size.to_bytes(8, "big"))
                for begin in (0, max(0, size - _SAMPLED)):
                    stream.seek(begin)
                    digest.update(stream.read(_SAMPLED))
    return digest.hexdigest()[:12]


# ------------------------------------------------------------------------------- reading


def _tokenizer(path: Path, most: int) -> Any:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.no_padding()
    tokenizer.enable_truncation(most)
    return tokenizer


def _header(path: Path) -> tuple[dict[str, Any], int]:
    """What a safetensors file says of its tensors, and where their bytes begin."""
    with path.open("rb") as stream:
        (size,) = struct.unpack("<Q", stream.read(8).ljust(8, b"\xff"))
        if size > _MAX_HEADER:
            raise ModelError(f"{path.name} is no safetensors file: download it again")
        header = json.loads(stream.read(size))
    header.pop("__metadata__", None)
    last = max((stated["data_offsets"][1] for stated in header.values()), default=0)
    if path.stat().st_size < 8 + size + last:
        raise ModelError(f"{path.name} was cut short: download it again")
    return header, 8 + size


def _tensors(path: Path) -> dict[str, Any]:
    """Every tensor of a safetensors file, mapped and not read."""
    import numpy as np

    header, begin = _header(path)
    mapped = np.memmap(path, dtype=np.uint8, mode="r")
    tensors = {}
    for name, stated in header.items():
        if stated["dtype"] not in _DTYPES:
            raise ModelError(f"its numbers are {stated['dtype']}: save the model in float32")
        first, last = stated["data_offsets"]
        data = mapped[begin + first : begin + last]
        tensors[name] = data.view(_DTYPES[stated["dtype"]]).reshape(stated["shape"])
    return tensors


def _static(folder: Path, path: Path) -> tuple[Any, Callable[[list[int]], Vectors]]:
    """The mean of the words' vectors."""
    import numpy as np

    own = path.parent / "tokenizer.json"
    tokenizer = _tokenizer(own if own.is_file() else folder / "tokenizer.json", 4 * MAX_TOKENS)
    unknown = _unknown(tokenizer)
    tensors = _tensors(path)
    table = next(tensors[name] for name in _STATIC if name in tensors)
    # model2vec may keep fewer vectors than words, and what a word counts for, apart.
    rows, worth = tensors.get("mapping"), tensors.get("weights")

    def encode(ids: list[int]) -> Vectors:
        known = np.asarray([n for n in ids if n not in unknown], dtype=np.intp)
        if not known.size:
            return np.zeros(table.shape[1], dtype=np.float32)
        vectors = table[rows[known] if rows is not None else known].astype(np.float32)
        if worth is not None:
            vectors *= worth[known].astype(np.float32)[:, None]
        mean: Vectors = vectors.mean(axis=0)
        return mean

    return tokenizer, encode


def _unknown(tokenizer: Any) -> frozenset[int]:
    """The tokens that a static model has no use for: the one for unknown words, and [CLS] and kin."""
    model = json.loads(tokenizer.to_str())["model"]
    names = {model.get("unk_token")} | {"[UNK]", "<unk>"}
    special = {n for n, token in tokenizer.get_added_tokens_decoder().items() if token.special}
    return frozenset(special | {tokenizer.token_to_id(n) for n in names if n} - {None})


def _onnx(folder: Path, path: Path) -> Callable[[list[int]], Vectors]:
    import numpy as np
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1  # the pool is the parallelism
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(
        str(path), sess_options=options, providers=["CPUExecutionProvider"]
    )
    wanted = {one.name for one in session.get_inputs()}
    pooling = _pooling(folder)

    def encode(ids: list[int]) -> Vectors:
        row = np.asarray([ids], dtype=np.int64)
        given = {
            "input_ids": row,
            "attention_mask": np.ones_like(row),
            "token_type_ids": np.zeros_like(row),
        }
        states = session.run(None, {name: given[name] for name in given.keys() & wanted})[0][0]
        return _pool(np.asarray(states, dtype=np.float32), pooling)

    return encode


def _pool(states: Vectors, pooling: str) -> Vectors:
    """One vector of the last layer's; an ONNX file may have pooled by itself."""
    if states.ndim == 1:
        return states
    pooled: Vectors = states[0] if pooling == "cls" else states.mean(axis=0)
    return pooled


def _bert(folder: Path, path: Path) -> Callable[[list[int]], Vectors]:
    """BERT and RoBERTa (Devlin et al. 2018, Liu et al. 2019), one sentence at a time."""
    import numpy as np

    config = _json(folder / "config.json", {})
    found = _tensors(path)
    ends = "embeddings.word_embeddings.weight"
    prefix = next(name for name in found if name.endswith(ends)).removesuffix(ends)
    tensors = {name.removeprefix(prefix): np.asarray(t, np.float32) for name, t in found.items()}
    heads, eps = config["num_attention_heads"], config.get("layer_norm_eps", 1e-12)
    # RoBERTa counts positions from behind the padding token.
    offset = 0 if config["model_type"] == "bert" else config.get("pad_token_id", 1) + 1
    pooling = _pooling(folder)

    def linear(x: Vectors, name: str) -> Vectors:
        y: Vectors = x @ tensors[f"{name}.weight"].T + tensors[f"{name}.bias"]
        return y

    def norm(x: Vectors, name: str) -> Vectors:
        x = x - x.mean(axis=-1, keepdims=True)
        x /= np.sqrt((x * x).mean(axis=-1, keepdims=True) + eps)
        y: Vectors = x * tensors[f"{name}.weight"] + tensors[f"{name}.bias"]
        return y

    def split(x: Vectors) -> Vectors:
        return x.reshape(len(x), heads, -1).transpose(1, 0, 2)

    def layer(x: Vectors, name: str) -> Vectors:
        query, key, value = (
            split(linear(x, f"{name}.attention.self.{part}")) for part in ("query", "key", "value")
        )
        share = query @ key.transpose(0, 2, 1) / math.sqrt(query.shape[-1])
        share = np.exp(share - share.max(axis=-1, keepdims=True))
        seen = (share / share.sum(axis=-1, keepdims=True)) @ value
        seen = linear(seen.transpose(1, 0, 2).reshape(x.shape), f"{name}.attention.output.dense")
        x = norm(x + seen, f"{name}.attention.output.LayerNorm")
        wide = linear(x, f"{name}.intermediate.dense")
        wide *= 0.5 + 0.5 * np.tanh(0.7978845608 * (wide + 0.044715 * wide**3))  # GELU
        return norm(x + linear(wide, f"{name}.output.dense"), f"{name}.output.LayerNorm")

    def encode(ids: list[int]) -> Vectors:
        x = tensors["embeddings.word_embeddings.weight"][ids]
        x = x + tensors["embeddings.position_embeddings.weight"][offset : offset + len(ids)]
        x += tensors["embeddings.token_type_embeddings.weight"][0]
        x = norm(x, "embeddings.LayerNorm")
        for n in range(config["num_hidden_layers"]):
            x = layer(x, f"encoder.layer.{n}")
        return _pool(x, pooling)

    return encode
