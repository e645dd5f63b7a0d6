"""What can be wrong with a file or a mapping as a whole (a wrong *row* is a ``problems.Problem``).

    ImportFault          everything below; `code` is stable, the message is Japanese, for people
    ├── MappingFault     the mapping file is wrong                       mapping_invalid
    ├── FileFault        the file can't be read as a table at all        file_unusable
    ├── ImportBusy       another import runs at this moment              import_busy
    └── TooManyAbsent    the file lacks suspiciously many known debts    too_many_absent

Invariant: no message holds a value out of the file; it could be a person's.
"""

from __future__ import annotations

from typing import ClassVar


class ImportFault(Exception):
    """Root of the tree."""

    code: ClassVar[str] = "import_failed"


class MappingFault(ImportFault):
    code = "mapping_invalid"


class FileFault(ImportFault):
    code = "file_unusable"


class ImportBusy(ImportFault):
    code = "import_busy"


class TooManyAbsent(ImportFault):
    code = "too_many_absent"
