"""A FastAPI endpoint that reads a body and decides nothing: what the service is measured beside.

    python -m solvent.api.bare PORT [h11 | httptools]

With h11 it runs on what the requirements of serving install, as the service does; httptools, which they leave out, is a
parser in C.
"""

import sys

import orjson
import uvicorn
from fastapi import FastAPI, Request, Response


def create_bare_app() -> FastAPI:
    """Make an application whose POST /predict decodes the body and answers with the number of its fields."""
    app = FastAPI()

    async def root() -> Response:
        return Response(b"{}", media_type="application/json")

    async def predict(request: Request) -> Response:
        document = orjson.loads(await request.body())
        return Response(orjson.dumps({"fields": len(document)}), media_type="application/json")

    app.add_api_route("/", root, methods=["GET"])
    app.add_api_route("/predict", predict, methods=["POST"])
    return app


if __name__ == "__main__":
    parser = sys.argv[2] if len(sys.argv) > 2 else "h11"
    uvicorn.run(create_bare_app(), port=int(sys.argv[1]), http=parser, access_log=False, log_level="warning")
