"""The long run: desks that pay village after village, killed at random, while days pass in minutes. See __main__.py."""
