"""A visit in Chromium: moves between pages, waits until a page stands, notes what goes wrong."""

from dataclasses import dataclass, field

from playwright.sync_api import Browser, ConsoleMessage, Dialog, Page, Request

PAGES = (
    "home", "overview", "performance", "business", "drift", "quality", "risk", "model", "decision", "alerts", "audit",
)  # fmt: skip
FILTERED = ("overview", "performance", "business", "risk")
API = "http://127.0.0.1:9"
"""Where no API answers."""
MOST_WAIT = 60_000
STANDS = """
() => document.querySelector('[data-testid=stApp]')?.dataset.testScriptState === 'notRunning'
    && document.querySelector('[data-testid=stMain] h1')
    && !document.querySelector('[data-testid=stSpinner], [data-testid=stSkeleton]')
"""


@dataclass
class Visit:
    """One tab; `faults` are console errors, uncaught exceptions, dialogs, and requests to other hosts."""

    page: Page
    address: str
    faults: list[str] = field(default_factory=list)

    def go(self, path: str = "") -> None:
        """Open an address."""
        self.page.goto(f"{self.address}/{path}")
        self.settle()

    def open(self, name: str) -> None:
        """Go to a page by its link."""
        self.page.locator("[data-testid=stSidebarNavLink]").nth(PAGES.index(name)).click()
        self.page.wait_for_timeout(150)
        self.settle()

    def settle(self) -> None:
        """Wait until the page stands, then until it has stood for a moment."""
        for _ in range(2):
            self.page.wait_for_function(STANDS, timeout=MOST_WAIT)
            self.page.wait_for_timeout(200)

    def exceptions(self) -> list[str]:
        """Texts of the boxes in which Streamlit shows an exception."""
        return self.page.locator("[data-testid=stException]").all_inner_texts()

    def foreign_links(self) -> list[str]:
        """What links of the page lead to outside the dashboard and the API that it names."""
        links: list[str] = self.page.eval_on_selector_all("a[href]", "links => links.map(link => link.href)")
        return [link for link in links if not link.startswith((f"{self.address}/", f"{API}/", "blob:"))]


def start_visit(browser: Browser, address: str, *, headers: dict[str, str] | None = None) -> Visit:
    """Open a tab that notes what goes wrong; a proxy would add the headers."""
    context = browser.new_context(viewport={"width": 1360, "height": 900}, extra_http_headers=headers)
    visit = Visit(context.new_page(), address)
    host = address.partition("://")[2]

    def note_dialog(dialog: Dialog) -> None:
        visit.faults.append(f"dialog {dialog.message}")
        dialog.dismiss()

    def note_error(message: ConsoleMessage) -> None:
        # Streamlit asks below the path of a page before it asks at the root.
        if message.type == "error" and "/_stcore/" not in message.location.get("url", ""):
            visit.faults.append(message.text)

    def note_request(request: Request) -> None:
        if request.url.startswith(("http", "ws")) and host not in request.url:
            visit.faults.append(f"request to {request.url}")

    visit.page.on("pageerror", lambda error: visit.faults.append(f"exception {error}"))
    visit.page.on("dialog", note_dialog)
    visit.page.on("console", note_error)
    visit.page.on("request", note_request)
    return visit
