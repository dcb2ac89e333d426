"""What leaves: whose cosignatures the agency waits for, and the capped way of two people when they do not come."""
