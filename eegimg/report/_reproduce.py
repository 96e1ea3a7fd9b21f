"""How to get the same result again: recipe, fingerprint, versions, digest of the input."""

import shlex

from markupsafe import Markup

from . import _html as html
from ._sidecar import get


def make_reproduce(sidecar):
    """Make the section that says how to reproduce the derivative."""
    recipe = sidecar.get("Recipe") or {}
    versions = sidecar.get("PackageVersions") or {}
    name = recipe.get("name", "recipe")
    parts = [
        html.paragraph(f"Save the recipe below as {name}.toml and run it on input with the same digest:"),
        html.code(f"eegimg preprocess BIDS_ROOT --out DIR --recipe {shlex.quote(f'{name}.toml')}", "Command"),
        html.facts(
            [
                (
                    "Recipe fingerprint",
                    Markup("<code>{}</code>").format(recipe.get("fingerprint", "not recorded")),
                ),
                ("Split used for fitting", sidecar.get("Split") or "none"),
                (
                    "Learned from test epochs too",
                    "yes (transductive)" if sidecar.get("Transductive") else "no",
                ),
            ]
        ),
        _recipe(recipe),
    ]
    if versions:
        parts.append(
            html.table(["Software", "Version"], sorted(versions.items()), caption="Software versions")
        )
    return html.join([*parts, _digest(sidecar)])


def _recipe(recipe):
    if not recipe.get("toml"):
        return html.absent("The text of the recipe is not in the sidecar.")
    return html.code(recipe["toml"], "The recipe as TOML")


def _digest(sidecar):
    whole, files = get(sidecar, "InputDigest", "sha256"), get(sidecar, "InputDigest", "files", default={})
    if not whole:
        return html.absent("The digest of the input is not in the sidecar.")
    rows = [["All files", Markup("<code>{}</code>").format(whole), ""]]
    for name, entry in files.items():
        size = f"{html.number(entry.get('size'))} B"
        rows.append([name, Markup("<code>{}</code>").format(entry.get("sha256")), size])
    table = html.table(["File", "SHA-256", "Size"], rows, caption="Digest of the input", numeric={2})
    return html.details(f"Digest of the input ({html.plural(len(files), 'file')})", table)
