"""What a comic is and what can be computed from it: pure values and functions; no Qt, no asyncio, no torch."""
