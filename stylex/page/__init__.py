"""The page: the same files for the service and for the browser alone, with a backend each.

`shared/` holds the page itself. It imports `backend.js`, which paints: the one in `service/` asks the service, the
one in `browser/` runs the graphs in onnxruntime-web.
"""

from __future__ import annotations

from pathlib import Path

SHARED = Path(__file__).parent / "shared"
SERVICE = Path(__file__).parent / "service"
BROWSER = Path(__file__).parent / "browser"
