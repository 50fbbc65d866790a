from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from fastapi.openapi.models import OpenAPI

from solvent.api.routes.pages import add_pages
from solvent.tables.schemas import HISTORY_TABLES, table_schema

pytestmark = pytest.mark.anyio


@pytest.fixture
async def document(api: httpx.AsyncClient) -> dict[str, Any]:
    answer: dict[str, Any] = (await api.get("/openapi.json")).json()
    return answer


def _references(part: object) -> Iterator[str]:
    if isinstance(part, dict):
        yield from (value for name, value in part.items() if name == "$ref")
        for value in part.values():
            yield from _references(value)
    elif isinstance(part, list):
        for value in part:
            yield from _references(value)


PATHS = [
    "/", "/admin/reload", "/admin/rollback", "/health/live", "/health/ready", "/metrics", "/model-info", "/outcomes",
    "/predict", "/predict-batch",
]  # fmt: skip
REQUIRED = ["SK_ID_CURR", "NAME_CONTRACT_TYPE", "AMT_INCOME_TOTAL", "AMT_CREDIT", "DAYS_BIRTH"]


def test_the_document_is_openapi_and_names_what_it_refers_to(document: dict[str, Any]) -> None:
    OpenAPI.model_validate(document)
    schemas = document["components"]["schemas"]
    assert {reference.removeprefix("#/components/schemas/") for reference in _references(document)} <= set(schemas)
    assert sorted(document["paths"]) == PATHS


def test_every_column_of_every_table_is_documented(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    application = schemas["Application"]
    columns = [column.name for column in table_schema("application").columns if column.name != "TARGET"]
    assert list(application["properties"]) == [*columns, *HISTORY_TABLES]
    assert application["required"] == REQUIRED
    assert application["additionalProperties"] is False
    for table in HISTORY_TABLES:
        assert application["properties"][table]["items"] == {"$ref": f"#/components/schemas/row_of_{table}"}
        assert list(schemas[f"row_of_{table}"]["properties"]) == [column.name for column in table_schema(table).columns]
    assert schemas["row_of_bureau"]["required"] == ["SK_ID_BUREAU"]


@pytest.mark.parametrize(
    ("column", "described"),
    [
        ("AMT_CREDIT", {"type": "number", "minimum": 1000.0, "maximum": 2e7,
                        "description": "credit asked for (currency)"}),
        ("NAME_CONTRACT_TYPE", {"type": "string", "enum": ["Cash loans", "Revolving loans"],
                                "description": "product asked for: cash loan or revolving credit (category)"}),
        ("CODE_GENDER", {"type": ["string", "null"], "enum": ["F", "M", "XNA", None],
                         "description": "sex of the applicant (category); counts as missing: XNA"}),
        ("CNT_CHILDREN", {"type": ["integer", "null"],
                          "description": "children in the household (count); counts as missing: outside 0 to 30"}),
    ],
)  # fmt: skip
def test_a_column_has_its_type_unit_meaning_and_range(
    document: dict[str, Any], column: str, described: dict[str, Any]
) -> None:
    assert document["components"]["schemas"]["Application"]["properties"][column] == described


def test_a_category_of_many_values_is_documented_without_them(document: dict[str, Any]) -> None:
    assert "enum" not in document["components"]["schemas"]["Application"]["properties"]["ORGANIZATION_TYPE"]


@pytest.mark.parametrize("path", ["/predict", "/predict-batch"])
async def test_the_example_of_a_body_is_answered(api: httpx.AsyncClient, document: dict[str, Any], path: str) -> None:
    content = document["paths"][path]["post"]["requestBody"]["content"]["application/json"]
    response = await api.post(path, json=content["example"])
    assert response.status_code == 200
    assert response.json().get("warnings", []) == []


@pytest.mark.parametrize("path", ["/predict", "/predict-batch"])
def test_the_answers_are_documented_with_their_problems(document: dict[str, Any], path: str) -> None:
    operation = document["paths"][path]["post"]
    assert sorted(operation["responses"]) == [
        "200", "400", "401", "403", "408", "409", "413", "415", "422", "429", "500", "503",
    ]  # fmt: skip
    answer = {"/predict": "DecisionAnswer", "/predict-batch": "BatchAnswer"}[path]
    assert operation["responses"]["200"]["content"]["application/json"]["schema"] == {
        "$ref": f"#/components/schemas/{answer}"
    }
    assert list(operation["responses"]["503"]["content"]) == ["application/problem+json"]
    assert "`log-unavailable`" in operation["responses"]["503"]["description"]
    assert "`duplicate-key`" in operation["responses"]["400"]["description"]
    assert [parameter["name"] for parameter in operation["parameters"]] == ["Idempotency-Key"]


def test_the_limits_are_documented(document: dict[str, Any]) -> None:
    schemas, paths = document["components"]["schemas"], document["paths"]
    assert schemas["Batch"]["properties"]["clients"]["maxItems"] == 100
    assert {schemas["Application"]["properties"][table]["maxItems"] for table in HISTORY_TABLES} == {5000}
    for path, size in (("/predict", 8_000), ("/predict-batch", 16_000)):
        operation = paths[path]["post"]
        assert operation["requestBody"]["description"] == f"at most {size} bytes, nested at most 8 levels deep"
        assert operation["responses"]["413"]["description"].endswith(f"(more than {size} bytes)")
        assert "`rate-exceeded`" in operation["responses"]["429"]["description"]


@pytest.fixture
async def pages(tmp_path: Path, anyio_backend: str) -> AsyncIterator[httpx.AsyncClient]:
    """An application whose page scripts lie in a folder of the test."""
    (tmp_path / "swagger-ui.css").write_text("body {}")
    (tmp_path / "secret.txt").write_text("no asset")
    app = FastAPI(docs_url=None, redoc_url=None)
    add_pages(app, assets=tmp_path)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://solvent.test") as client:
        yield client


@pytest.mark.parametrize(("path", "script"), [("/docs", "swagger-ui-bundle.js"), ("/redoc", "redoc.standalone.js")])
async def test_the_pages_load_nothing_from_elsewhere(pages: httpx.AsyncClient, path: str, script: str) -> None:
    page = await pages.get(path)
    assert f'src="/docs/assets/{script}"' in page.text
    assert "https://" not in page.text
    assert "//cdn" not in page.text
    assert page.headers["content-security-policy"].startswith("default-src 'self'")


async def test_only_the_scripts_of_the_pages_are_handed_out(pages: httpx.AsyncClient) -> None:
    assert (await pages.get("/docs/assets/swagger-ui.css")).text == "body {}"
    for name in ("secret.txt", "..%2Fsecret.txt", "%2e%2e/secret.txt"):
        assert (await pages.get(f"/docs/assets/{name}")).status_code == 404


async def test_the_pages_say_what_to_install_where_their_scripts_are_missing() -> None:
    app = FastAPI(docs_url=None, redoc_url=None)
    add_pages(app, assets=None)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://solvent.test") as client:
        for path in ("/docs", "/redoc"):
            assert "pip install fastapi-offline" in (await client.get(path)).text
        assert (await client.get("/docs/assets/swagger-ui.css")).status_code == 404
