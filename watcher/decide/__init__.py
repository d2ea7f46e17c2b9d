"""Decisions as pure functions over data: when to poll again, whom to tell, when to retry."""
