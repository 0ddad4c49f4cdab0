"""``python -m gis`` is ``fibre``."""

from gis.cli import main

if __name__ == "__main__":
    main()
