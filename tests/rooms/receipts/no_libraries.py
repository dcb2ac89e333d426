"""A module that fails as WeasyPrint does where Pango is missing: the test of `layout.load` loads it by name."""

raise OSError("cannot load library 'libpango-1.0-0'")
