"""The rivals, each in a process of its own, so that nothing of theirs leaks into ours. The bench lock brings them."""
