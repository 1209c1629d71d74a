"""Copies the strict schemas of some versions out of the package, as kubeconform reads them: unpack.py TARGET VERSION..."""
import importlib.util
import json
import pathlib
import re
import sys

# Found, not imported: what it imports is not installed.
packaged = pathlib.Path(importlib.util.find_spec("kubernetes_validate").origin).parent / "kubernetes-json-schema"
target = pathlib.Path(sys.argv[1])
for version in sys.argv[2:]:
    source = packaged / f"v{version}.0-local-strict"
    folder = target / version
    folder.mkdir(parents=True)
    for file in source.glob("*.json"):
        schema = json.loads(file.read_text())
        schema.pop("$id", None)
        # The package's references are addresses of its own loader; beside one another in a folder they are file names.
        text = re.sub(r'"\$ref": "[^"#]*?([^/"#]+\.json)(#[^"]*)?"', lambda found: f'"$ref": "{found[1]}{found[2] or ""}"', json.dumps(schema))
        (folder / file.name).write_text(text)
