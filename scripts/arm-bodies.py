#!/usr/bin/env python3
"""Writes src/emulator/arm/bodies/models.generated.ts: what each api-version knows of each body, as data.

Source: the models in Microsoft's Python packages azure-mgmt-* (MIT), which are generated from Azure/azure-rest-api-specs.
One release has many api-versions, or one; together they have nearly all. Only names, types, enumerations and whether a
member is required or read-only are taken over. It needs pip and the package registry, so `npm run generate` does not run it:

    python3 scripts/arm-bodies.py [FOLDER FOR DOWNLOADS]
"""
import ast
import pathlib
import re
import subprocess
import sys
import tempfile
import zipfile

TARGET = pathlib.Path(__file__).parent.parent / "src/emulator/arm/bodies/models.generated.ts"

# Package, release, folder of its api-versions (None: it has one, which is stated here).
RELEASES = [
    ("azure-mgmt-storage", "21.2.1", "storage", None),
    ("azure-mgmt-storage", "22.2.0", "storage", None),
    ("azure-mgmt-storage", "23.1.0", "storage", "2025-01-01"),
    ("azure-mgmt-storage", "24.0.1", "storage", "2025-06-01"),
    ("azure-mgmt-storage", "25.0.0", "storage", "2025-08-01"),
    ("azure-mgmt-storage", "25.1.0", "storage", "2026-04-01"),
    ("azure-mgmt-storage", "25.2.0", "storage", "2026-06-01"),
    ("azure-mgmt-storage", "25.3.0", "storage", "2026-09-01"),
    ("azure-mgmt-msi", "7.0.0", "msi", None),
    ("azure-mgmt-msi", "7.1.0", "msi", None),
    ("azure-mgmt-authorization", "4.0.0", "authorization", None),
    ("azure-mgmt-resource", "23.4.0", "resource/resources", None),
    ("azure-mgmt-resource", "23.4.0", "resource/locks", None),
    ("azure-mgmt-resource", "23.4.0", "resource/policy", None),
    # Of its operations the one that is needed here is of this version.
    ("azure-mgmt-policyinsights", "1.0.1", "policyinsights", "2020-07-01"),
]

# Name of the body -> folder, model. A model that an api-version does not have is a body that it does not know.
# An account is updated by the same models as it is created: those of updates lack only what they refuse with a message.
BODIES = {
    "storageAccountCreate": ("storage", "StorageAccountCreateParameters"),
    "storageAccountView": ("storage", "StorageAccount"),
    "blobService": ("storage", "BlobServiceProperties"),
    "container": ("storage", "BlobContainer"),
    "immutabilityPolicy": ("storage", "ImmutabilityPolicy"),
    "legalHold": ("storage", "LegalHold"),
    "containerLease": ("storage", "LeaseContainerRequest"),
    "nameCheck": ("storage", "StorageAccountCheckNameAvailabilityParameters"),
    "identity": ("msi", "Identity"),
    "identityUpdate": ("msi", "IdentityUpdate"),
    "federatedCredential": ("msi", "FederatedIdentityCredential"),
    "roleAssignment": ("authorization", "RoleAssignmentCreateParameters"),
    "roleDefinition": ("authorization", "RoleDefinition"),
    "resourceGroup": ("resource/resources", "ResourceGroup"),
    "resourceGroupUpdate": ("resource/resources", "ResourceGroupPatchable"),
    "lock": ("resource/locks", "ManagementLockObject"),
    "policyAssignment": ("resource/policy", "PolicyAssignment"),
    "policyRestrictions": ("policyinsights", "CheckRestrictionsRequest"),
}

# Bodies that are answers too: these keep what is read-only.
ANSWERS = ("storageAccountView", "blobService", "container", "identity")

# What the models have otherwise than Azure does. Its own answer "Role assignment scope must match the scope specified on the
# URI" shows that it reads the scope.
CORRECTIONS = {
    ("roleAssignment", "properties.scope"): "properties.scope string 2015-07-01",
    # It has an answer of its own for other levels: InvalidLockLevel.
    ("lock", "properties.level"): "properties.level! string 2015-01-01",
}

# What no release has: Azure/azure-rest-api-specs, policyinsights, checkPolicyRestrictions.json of 2023-03-01 and later.
ADDITIONS = {
    "policyRestrictions": ["includeAuditEffect boolean 2023-03-01"],
}

SCALARS = {
    "str": "string", "bool": "boolean", "int": "integer", "long": "integer", "float": "number", "iso-8601": "time",
    "duration": "string", "object": "any", "date": "time", "Any": "any", "datetime": "time", "JSON": "any",
}


class Module:
    """The classes and enumerations of one api-version."""

    def __init__(self, texts):
        self.classes, self.enums = {}, {}
        for text in texts:
            for node in ast.parse(text).body:
                if isinstance(node, ast.ClassDef):
                    bases = [ast.unparse(base) for base in node.bases]
                    if "Enum" in " ".join(bases):
                        self.enums[node.name] = [
                            each.value.value for each in node.body
                            if isinstance(each, ast.Assign) and isinstance(each.value, ast.Constant)
                        ]
                    else:
                        self.classes[node.name] = node

    def members(self, name):
        """Member name -> (type, required, read-only). Types are 'str', '[X]', '{X}', a class or 'enum:X'."""
        node = self.classes[name]
        found = {}
        for base in node.bases:
            base_name = ast.unparse(base).split(".")[-1]
            if base_name in self.classes:
                found.update(self.members(base_name))
        table = next((each for each in node.body if assigns(each, "_attribute_map")), None)
        found.update(self.old_style(node, table) if table is not None else self.new_style(node))
        return found

    def old_style(self, node, table):
        rules = next((each for each in node.body if assigns(each, "_validation")), None)
        validation = ast.literal_eval(rules.value) if rules is not None else {}
        hints = self.init_hints(node)
        members = {}
        for attribute, row in ast.literal_eval(table.value).items():
            rule = validation.get(attribute, {})
            kind = row["type"]
            enum = hints.get(attribute)
            if enum is not None:
                kind = f"[enum:{enum}]" if kind.startswith("[") else f"enum:{enum}"
            members[row["key"].replace("\\\\.", "\0")] = (kind, rule.get("required", False), rule.get("readonly", False))
        return members

    def init_hints(self, node):
        hints = {}
        for each in node.body:
            if isinstance(each, ast.FunctionDef) and each.name == "__init__":
                for argument in each.args.kwonlyargs:
                    text = ast.unparse(argument.annotation) if argument.annotation else ""
                    match = re.search(r"Union\[str, '(?:_models\.)?(\w+)'\]", text)
                    if match and match.group(1) in self.enums:
                        hints[argument.arg] = match.group(1)
        return hints

    def new_style(self, node):
        members = {}
        for each in node.body:
            if not (isinstance(each, ast.AnnAssign) and isinstance(each.value, ast.Call)):
                continue
            if ast.unparse(each.value.func) not in ("rest_field", "rest_discriminator"):
                continue
            keywords = {word.arg: word.value for word in each.value.keywords}
            name = ast.literal_eval(keywords["name"]) if "name" in keywords else each.target.id
            visibility = ast.literal_eval(keywords["visibility"]) if "visibility" in keywords else ["read", "create"]
            annotation = ast.unparse(each.annotation)
            required = not annotation.startswith("Optional[")
            members[name] = (self.annotated(annotation), required and "create" in visibility, visibility == ["read"])
        return members

    def annotated(self, text):
        text = re.sub(r"^Optional\[(.*)\]$", r"\1", text)
        union = re.match(r"^Union\[str, '_models\.(\w+)'\]$", text)
        if union:
            return f"enum:{union.group(1)}"
        array = re.match(r"^list\[(.*)\]$", text, re.I)
        if array:
            return f"[{self.annotated(array.group(1))}]"
        mapping = re.match(r"^dict\[str, (.*)\]$", text, re.I)
        if mapping:
            return f"{{{self.annotated(mapping.group(1))}}}"
        literal = re.match(r"^Literal\[(.*)\]$", text)
        if literal:
            return "str"
        return text.strip("'").split(".")[-1]


def assigns(node, name):
    return isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == name


def flatten(module, model, prefix="", depth=0, inherited=False, whole=False):
    """Path -> (type, enumeration, required, read-only). Unless `whole`, nothing below what is read-only."""
    rows = {}
    for key, (kind, required, read_only) in module.members(model).items():
        parts = key.replace("\\.", "\0").split(".")
        for length in range(1, len(parts)):
            rows.setdefault(prefix + ".".join(parts[:length]).replace("\0", "."), ("object", (), False, False))
        path = prefix + ".".join(parts).replace("\0", ".")
        read_only = read_only or inherited
        suffix = ""
        while kind[0] in "[{":
            if suffix != "" and read_only and not whole:
                break
            rows[path + suffix] = ("array" if kind[0] == "[" else "map", (), required and suffix == "", read_only)
            suffix += "[]" if kind[0] == "[" else "{}"
            kind = kind[1:-1]
        if suffix != "" and read_only and not whole:
            continue
        own = (required if suffix == "" else False, read_only)
        if kind.startswith("enum:") or kind in module.enums:
            rows[path + suffix] = ("enum", tuple(module.enums[kind.removeprefix("enum:")]), *own)
        elif kind in module.classes:
            rows[path + suffix] = ("object", (), *own)
            if depth < 8 and (whole or not read_only):
                rows.update(flatten(module, kind, f"{path}{suffix}.", depth + 1, read_only, whole))
        else:
            rows[path + suffix] = (SCALARS.get(kind, "any"), (), *own)
    return rows


def fetch(folder, package, release):
    name = f"{package.replace('-', '_')}-{release}-"
    if not list(folder.glob(f"{name}*.whl")):
        command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", str(folder), f"{package}=={release}"]
        subprocess.run(command, check=True)
    return zipfile.ZipFile(next(iter(folder.glob(f"{name}*.whl"))))


def modules(folder):
    """Folder of the package -> api-version -> Module."""
    found = {}
    for package, release, place, only in RELEASES:
        with fetch(folder, package, release) as archive:
            texts = {}
            for path in archive.namelist():
                match = re.match(rf"azure/mgmt/{place}/(?:(v\d{{4}}_\d\d_\d\d(?:_preview)?)/)?models/_(\w+)\.py$", path)
                if not match or match.group(2) in ("patch", "models") and "_models_py3" in path:
                    continue
                if match.group(2) not in ("models", "models_py3", "enums") and not match.group(2).endswith("_enums"):
                    continue
                version = only if match.group(1) is None else match.group(1)[1:].replace("_", "-")
                if version is not None:
                    texts.setdefault(version, []).append(archive.read(path).decode())
            versions = found.setdefault(place, {})
            for version, parts in texts.items():
                versions[version] = Module(parts)
    return found


def merge(versions, model, whole):
    """Rows of one body over all of its api-versions: `path type since [until]`, with ! required and - read-only."""
    known = sorted(version for version, module in versions.items() if model in module.classes)
    table = {}
    for version in known:
        for path, row in flatten(versions[version], model, whole=whole).items():
            table.setdefault(path, {})[version] = row
    rows = []
    for path, by_version in table.items():
        present = sorted(by_version)
        newest = by_version[present[-1]]
        kind = newest[0]
        if kind == "enum":
            values = {}
            # An enumeration that began as a plain string knows its first values from the start.
            first = next(version for version in present if by_version[version][1])
            for version in present:
                for value in by_version[version][1]:
                    values.setdefault(value, version)
            kind = "|".join(v if since == first else f"{v}@{since}" for v, since in values.items())
        marks = ("!" if newest[2] else "") + ("-" if newest[3] else "")
        later = [version for version in known if version > present[-1]]
        rows.append(f"{path}{marks} {kind} {present[0]}" + (f" {later[0]}" if later else ""))
    return known, sorted(rows)


def main():
    folder = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(tempfile.mkdtemp())
    found = modules(folder)
    lines = [
        "// Generated by scripts/arm-bodies.py from Microsoft's azure-mgmt-* packages. Do not edit.",
        "",
        "/**",
        " * What each api-version knows of each body. A row is `path[!][-] type since [until]`: `!` is required, `-` read-only, `[]` a",
        " * list's items, `{}` a map's values; `since` is the first api-version in the source that has it, `until` the first later one",
        " * that does not. An enumeration is its values, with `@since` where a value came later than the member.",
        " */",
        "export const MODELS = {",
    ]
    for body, (place, model) in BODIES.items():
        known, rows = merge(found[place], model, body in ANSWERS)
        lines.append(f"  /** {model}: {', '.join(known)}. */")
        lines.append(f"  {body}: `")
        lines += sorted(
            CORRECTIONS.get((body, row.split(" ")[0].rstrip("!-")), row) for row in rows + ADDITIONS.get(body, [])
        )
        lines.append("`,")
    lines += ["} as const;", ""]
    TARGET.write_text("\n".join(lines))


if __name__ == "__main__":
    main()
