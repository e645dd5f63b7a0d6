"""``python -m dialer`` is the command line."""

from __future__ import annotations

from dialer.cli import main

if __name__ == "__main__":
    main()
