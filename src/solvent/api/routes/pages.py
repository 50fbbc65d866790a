"""The pages /docs and /redoc, with scripts from this machine: they load nothing from elsewhere."""

from importlib.util import find_spec
from pathlib import Path

from fastapi import FastAPI
from fastapi.openapi.docs import get_redoc_html, get_swagger_ui_html
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, HTMLResponse, Response

ASSETS_PACKAGE = "fastapi_offline"
"""A wheel of 0.8 MB that ships Swagger UI and Redoc; only its files are used."""

_ASSETS = frozenset({"swagger-ui-bundle.js", "swagger-ui.css", "redoc.standalone.js", "favicon.png"})
_ONLY_FROM_HERE = {
    "Content-Security-Policy": "default-src 'self' 'unsafe-inline'; img-src 'self' data:; worker-src blob:"
}
_WITHOUT_ASSETS = HTMLResponse(
    '<!doctype html><html lang="en"><title>Solvent</title><p>The scripts of this page are not installed: '
    "<code>pip install fastapi-offline</code>, then start the service again.</p>"
    '<p>The same for machines: <a href="/openapi.json">/openapi.json</a>.</p></html>'
)


def find_assets() -> Path | None:
    """Return the folder of the page scripts, or None if the package is not installed."""
    spec = find_spec(ASSETS_PACKAGE)
    return Path(spec.origin).parent / "static" if spec and spec.origin else None


def add_pages(app: FastAPI, *, assets: Path | None) -> None:
    """Add /docs and /redoc, and below /docs/assets the scripts from the folder `assets`."""

    async def show_swagger() -> Response:
        if assets is None:
            return _WITHOUT_ASSETS
        page = get_swagger_ui_html(
            openapi_url="/openapi.json",
            title="Solvent",
            swagger_js_url="/docs/assets/swagger-ui-bundle.js",
            swagger_css_url="/docs/assets/swagger-ui.css",
            swagger_favicon_url="/docs/assets/favicon.png",
        )
        page.headers.update(_ONLY_FROM_HERE)
        return page

    async def show_redoc() -> Response:
        if assets is None:
            return _WITHOUT_ASSETS
        page = get_redoc_html(
            openapi_url="/openapi.json",
            title="Solvent",
            redoc_js_url="/docs/assets/redoc.standalone.js",
            redoc_favicon_url="/docs/assets/favicon.png",
            with_google_fonts=False,
        )
        page.headers.update(_ONLY_FROM_HERE)
        return page

    async def send_asset(name: str) -> Response:
        if assets is None or name not in _ASSETS:
            raise HTTPException(404)
        return FileResponse(assets / name)

    app.get("/docs", include_in_schema=False)(show_swagger)
    app.get("/redoc", include_in_schema=False)(show_redoc)
    app.get("/docs/assets/{name}", include_in_schema=False)(send_asset)
