"""Facts as data: what acts, offices, places and months are called in the languages of the news."""
