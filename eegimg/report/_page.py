"""The frame of a page of its own."""

from . import _html as html

# mne.Report hides everything at a press of T, Ctrl+T included; its tags are not used here.
NO_SURPRISES = "window.addEventListener('load', () => setTimeout(() => { window.onkeydown = null; }));"
VIEWPORT = '<meta name="viewport" content="width=device-width, initial-scale=1">'


def new_report(title):
    """Return an empty mne.Report in our style."""
    import mne

    report = mne.Report(title=title, verbose="error")
    report.lang = "en"
    report.include += VIEWPORT
    report.add_custom_css(html.read_styles("page", "frame"))
    report.add_custom_js(NO_SURPRISES)
    return report
