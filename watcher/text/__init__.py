"""Plain text: cleaning what came from outside, and taking words apart."""
