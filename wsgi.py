"""What a web server loads: `gunicorn wsgi:app`. Settings come from the environment, nothing else is decided here."""

from aid_ledger.app import create_app
from aid_ledger.settings import Settings

app = create_app(Settings.from_env())
