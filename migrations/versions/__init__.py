"""One purpose per file, `NNNN_verb_noun.py`, the revision is the file's name; `migrations/HEAD` names the newest."""
