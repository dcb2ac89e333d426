"""Where an agency's signing key may lie: in a file, on a token, or with a signing service.

Reading order: `choosing.py` (which one, from `receipt-signer.toml`), `files.py` (PEM and PKCS#12), `tokens.py`
(PKCS#11), `remote.py` (the API of the Cloud Signature Consortium). All of them are a `signing.Signer`: a certificate,
and something that signs for it. Whatever they are, the receipts' root has issued their certificate.
"""
