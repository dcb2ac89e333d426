"""The floor every page stands on: formats, page slots, assets and the rules of the doors.

Rooms downstream hang their pages on it; it knows none of them.
"""
