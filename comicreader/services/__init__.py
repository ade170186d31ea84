"""What touches the disk, threads, child processes and SQLite; asyncio, no Qt."""
