"""The pages as a browser sees them."""

import shutil

import pytest

from eegimg.report import write_audit_report, write_index, write_recording_report

SCRIPT = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def browser():
    """Start headless Chromium, or skip."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="needs playwright: pip install playwright")
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("needs chromium: apt-get install chromium")
    with sync_api.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def open_page(browser):
    """Return a function that opens a file; at the end nothing may have been wrong with any."""
    pages, wrong = [], []

    def note_request(request):
        if not request.url.startswith(("file:", "data:")):
            wrong.append(f"request: {request.url}")

    def note_message(message):
        if message.type in ("error", "warning"):
            wrong.append(f"console: {message.text}")

    def open_file(path, width=1280):
        page = browser.new_page(viewport={"width": width, "height": 900})
        page.on("console", note_message)
        page.on("pageerror", lambda error: wrong.append(f"page: {error}"))
        page.on("request", note_request)
        page.on("requestfailed", lambda request: wrong.append(f"failed: {request.url[:80]}"))
        page.on("dialog", lambda dialog: (wrong.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        page.goto(path.as_uri())
        page.wait_for_load_state("networkidle")
        pages.append(page)
        return page

    yield open_file
    for page in pages:
        page.close()
    assert wrong == []


def broken_images(page):
    return page.evaluate("[...document.images].filter(i => !(i.complete && i.naturalWidth > 0)).length")


def silent_images(page):
    return page.evaluate("[...document.images].filter(i => !i.alt).length")


def overflow(page):
    return page.evaluate("document.documentElement.scrollWidth - innerWidth")


@pytest.mark.parametrize("width", [1280, 390])
def test_recording_page(make_derivative, tmp_path, open_page, width):
    page = open_page(write_recording_report(make_derivative({"face": 20, SCRIPT: 15}), tmp_path), width)
    assert page.locator("figure img").count() == 7
    assert broken_images(page) == 0
    assert silent_images(page) == 0
    assert overflow(page) <= 0
    assert page.evaluate("document.documentElement.lang") == "en"
    assert page.locator("h1").inner_text() == "sub-01_task-images_run-01"
    assert page.get_by_text(SCRIPT).count() > 0


def test_contents_lead_to_their_sections_and_keys_hide_nothing(make_derivative, tmp_path, open_page):
    page = open_page(write_recording_report(make_derivative(kind="eeg"), tmp_path))
    links = page.locator("#toc-navbar a")
    assert links.count() == 10
    links.nth(8).click()
    page.wait_for_function("scrollY > 1000")
    page.keyboard.press("t")
    page.wait_for_timeout(100)
    assert page.locator("#content > div.d-none").count() == 0
    assert page.locator(".accordion-body").first.is_visible()


def test_sections_open_and_close_from_the_keyboard(make_derivative, tmp_path, open_page):
    page = open_page(write_recording_report(make_derivative(kind="eeg"), tmp_path))
    button = page.locator(".accordion-button").nth(1)
    button.focus()
    page.keyboard.press("Enter")
    page.wait_for_function("document.querySelectorAll('.accordion-button')[1].ariaExpanded === 'false'")
    page.get_by_text("Reference while recording").wait_for(state="hidden", timeout=5000)


@pytest.mark.parametrize("width", [1280, 390])
def test_index_leads_to_the_pages(make_derivative, tmp_path, open_page, width):
    sidecar = make_derivative({"face": 20, SCRIPT: 15})
    made = write_recording_report(sidecar, tmp_path / "report")
    rows = [
        {"recording": "sub-01", "status": "done", "n_epochs": 35, "page": made.name, "sidecar": str(sidecar)},
        {"recording": SCRIPT, "status": "failed", "reason": "No events. " * 20, "page": None},
    ]
    page = open_page(write_index(rows, tmp_path / "report", f"Faces {SCRIPT}"), width)
    assert overflow(page) <= 0
    assert page.title() == f"Faces {SCRIPT}"
    assert page.locator("tbody tr").first.get_attribute("class") == "failed"
    page.keyboard.press("Tab")
    page.get_by_role("link", name="sub-01").focus()
    with page.expect_navigation(wait_until="load"):  # the page that is there is idle before the new one comes
        page.keyboard.press("Enter")
    assert page.locator("h1").inner_text() == "sub-01_task-images_run-01"


@pytest.mark.parametrize("width", [1280, 390])
def test_audit_page(make_audit_result, tmp_path, open_page, width):
    audit = make_audit_result(label=SCRIPT)
    page = open_page(write_audit_report(audit, tmp_path / "sub-01_audit.html"), width)
    assert page.locator("figure img").count() == 1
    assert broken_images(page) == 0
    assert silent_images(page) == 0
    assert overflow(page) <= 0
    assert page.locator("h1").inner_text() == "sub-01_audit"
    assert page.locator(".notice.failed").inner_text().startswith("Confounded: Training trials")
    assert page.get_by_text("run_length").is_hidden()
    page.get_by_text("1 explanation").click()
    assert page.get_by_text("run_length").is_visible()
