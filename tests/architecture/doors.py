"""A contract for import-linter: a heavy package is imported only through the doors named for it.

Each line of `doors` is `package: pattern pattern …`; a pattern is a module's name, `*` in it stands
for anything. A third-party package that has no line may be imported by nobody: what is not numpy
and not in the standard library has to be named. A module of Luthier itself may have a line too.
"""

from __future__ import annotations

import fnmatch
import sys

from grimp import ImportGraph
from importlinter.application import output
from importlinter.domain import fields
from importlinter.domain.contract import Contract, ContractCheck, InvalidContractOptions

EVERYWHERE = frozenset({"numpy"})


class DoorsContract(Contract):
    """Keeps each third-party package behind the modules that are its doors."""

    type_name = "doors"

    doors = fields.ListField(subfield=fields.StringField())

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        """Find every import of a third-party package by a module that is not its door."""
        doors = self._read_doors()
        broken = []
        for package in sorted(graph.modules):
            if package not in doors and not _is_third_party(package, graph):
                continue
            patterns = doors.get(package, ())
            for importer in sorted(graph.find_modules_that_directly_import(package)):
                if not any(fnmatch.fnmatchcase(importer, pattern) for pattern in patterns):
                    details = graph.get_import_details(importer=importer, imported=package)
                    broken.append((importer, package, details[0]["line_number"]))
        return ContractCheck(kept=not broken, metadata={"broken": broken})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Say which module came through no door."""
        for importer, package, line in check.metadata["broken"]:
            output.print_error(f"{importer} imports {package} (l. {line}); it is no door of it.")

    def _read_doors(self) -> dict[str, tuple[str, ...]]:
        doors = {}
        for line in self.doors:
            package, separator, patterns = line.partition(":")
            if not separator or not patterns.split():
                raise InvalidContractOptions({"doors": f"Expected 'package: module …', got {line}"})
            doors[package.strip()] = tuple(patterns.split())
        return doors


def _is_third_party(package: str, graph: ImportGraph) -> bool:
    if not graph.is_module_squashed(package):
        return False
    return package not in sys.stdlib_module_names and package not in EVERYWHERE
