"""The languages of channels: what is written for them and read from them. Pure; no rows, no keys, no states."""
