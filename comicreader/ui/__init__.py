"""Widgets and presenters: the only importers of PySide6 beside `app`."""
