"""Households and people: their lists come in here, are checked, encrypted and kept."""
