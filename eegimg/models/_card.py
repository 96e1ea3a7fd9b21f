"""What is known of a network before anything of it is loaded: sizes, input, training, scores, licence."""

import dataclasses


@dataclasses.dataclass(frozen=True, kw_only=True)
class Score:
    """One number that a network reached, beside what it must be compared with.

    Attributes
    ----------
    data : str
        What it was measured on, and which part of it.
    metric : str
        Name of the number.
    value : float
        What the network reached.
    chance : float | None
        What guessing reaches.
    null : float | None
        What was measured with labels or inputs shuffled.
    random_weights : float | None
        The same measure with the same network, not trained.
    linear : float | None
        The same measure with a linear model on the epochs themselves.
    source : str
        Who measured it: "paper", or the script and its settings.
    """

    data: str
    metric: str
    value: float
    chance: float | None = None
    null: float | None = None
    random_weights: float | None = None
    linear: float | None = None
    source: str = ""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Weights:
    """Where a network's weights are, and how to know that they are the ones.

    Attributes
    ----------
    format : 'safetensors' | 'dreamdiffusion-pth' | 'braindecode'
        How they are written: the second is the layout of DreamDiffusion's released checkpoints, the third
        what ``save_pretrained`` of braindecode writes.
    terms : 'open' | 'restrictive' | 'conflicting' | 'unstated'
        Whether their licence lets anybody use them. All but open ones must be accepted before a download.
    file : str
        Name of a file that comes with eegimg, empty without.
    url : str
        Address of the file itself, empty without.
    hub : str
        "owner/name" of a repository on the Hugging Face hub that braindecode reads, empty without.
    revision : str
        Commit of that repository; empty takes its newest, which may be others.
    page : str
        Where to get them by hand, empty without.
    sha256 : str
        Of the file, in hexadecimal digits; empty where it is not known.
    size : int
        In bytes; 0 where it is not known.
    """

    format: str
    terms: str
    file: str = ""
    url: str = ""
    hub: str = ""
    revision: str = ""
    page: str = ""
    sha256: str = ""
    size: int = 0

    @property
    def can_be_had(self):
        """Whether eegimg can get them and prove by their sha256 that they are the ones (bool)."""
        return bool((self.file or self.url) and self.sha256)


@dataclasses.dataclass(frozen=True, kw_only=True)
class ModelCard:
    """What is known of a network before anything of it is loaded.

    Attributes
    ----------
    name : str
        The architecture, or "architecture.tag" for weights of it.
    summary : str
        One sentence.
    builder : str
        "module:Class" of what builds it.
    kind : 'masked' | 'encoder' | 'classifier'
        What comes out: a masked autoencoder's reconstruction, features, or logits.
    licence : str
        Of the weights; of the authors' code where there are none.
    paper : str
        DOI, an address where there is no DOI, or "none".
    code : str
        Address of the authors' code, or "none".
    sizes : dict
        Words of the constructor and their values.
    free : tuple of str
        Those of them that may differ from what the weights were trained with.
    input : dict
        Facts of :class:`eegimg.models.InputSpec`: channel names, rate in Hz, window in s, unit and how other
        recordings are brought there. Numbers of channels and samples stand in ``sizes``.
    recipe : str
        The preprocessing that the data went through: a recipe's name, or in words.
    training_data, split, selection : str
        What the weights were trained on, which part of it, and how the epoch of training was chosen; empty
        without weights.
    scores : tuple of Score
        Numbers, each beside chance or a null.
    weights : Weights | None
        Where they are.
    caveats : tuple of str
        What a user must know before quoting a number.
    n_parameters : int
        With the sizes of the card; 0 where nobody has counted.
    """

    name: str
    summary: str
    builder: str
    kind: str
    licence: str
    paper: str
    code: str
    sizes: dict = dataclasses.field(default_factory=dict)
    free: tuple = ()
    input: dict = dataclasses.field(default_factory=dict)
    recipe: str = ""
    training_data: str = ""
    split: str = ""
    selection: str = ""
    scores: tuple = ()
    weights: Weights | None = None
    caveats: tuple = ()
    n_parameters: int = 0

    @property
    def arch(self):
        """The name without its tag (str)."""
        return self.name.partition(".")[0]

    @property
    def input_spec(self):
        """What the network expects to be given (:class:`eegimg.models.InputSpec`)."""
        from ._inputs import InputSpec

        known = {key: self.sizes[key] for key in ("n_chans", "n_times", "sfreq") if self.sizes.get(key)}
        return InputSpec.from_facts({**known, **self.input})

    def prepare(self, epochs, **choices):
        """Bring epochs to what the network expects: channels by name, rate, window, unit.

        Parameters
        ----------
        epochs : mne.BaseEpochs | eegimg.store.Store
            Recorded with any channels, in volts; left as they are.
        **choices : object
            How to bring them there, as in :func:`eegimg.models.prepare`.

        Returns
        -------
        x : torch.Tensor, shape (n_epochs, n_chans, n_times)
            float32, in the unit that the network expects.

        Raises
        ------
        ValueError
            If the epochs cannot be brought there without guessing.
        """
        from ._prepare import prepare

        return prepare(epochs, self.input_spec, **choices)

    def facts(self):
        """Return the card as tables of plain values, as they stand in ``cards.toml`` and ``config.json``.

        Returns
        -------
        facts : dict
            What :func:`card_from_facts` reads; nothing that is at its default.
        """
        from ._facts import plain_facts

        return plain_facts(self)

    def to_markdown(self):
        """Write the card as the README of a Hugging Face repository.

        Returns
        -------
        text : str
            Front matter (licence, tags, scores) and the facts in words.
        """
        from ._words import markdown

        return markdown(self)
