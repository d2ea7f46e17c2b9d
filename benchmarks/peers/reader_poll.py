"""lemon24/reader as its documentation says: ten workers. Run by a Python that has it:

    python -m venv READER && READER/bin/pip install reader sgmllib3k
    READER/bin/python reader_poll.py URLS DATABASE add|poll

The second package is one that reader's own copy of feedparser imports without asking for it.
"""

from __future__ import annotations

import sys
from pathlib import Path

from reader import make_reader

reader = make_reader(sys.argv[2])
if sys.argv[3] == "add":
    for url in Path(sys.argv[1]).read_text().split():
        reader.add_feed(url)
else:
    # Left to itself it asks each feed once an hour at most.
    reader.update_feeds(scheduled=False, workers=10)
print(reader.get_entry_counts().total, "entries")
