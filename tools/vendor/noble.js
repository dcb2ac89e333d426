// What pages need of @noble: SHA-256 and Ed25519 verification, as one file without modules or network.
// Locked-down browsers have no crypto.subtle on pages opened from a disk or over plain http.
import * as ed25519 from "@noble/ed25519";
import { sha256, sha512 } from "@noble/hashes/sha2.js";

ed25519.hashes.sha512 = sha512;

// RFC 8032 strictly (no ZIP 215), as OpenSSL and Go's crypto/ed25519 verify; false for whatever is malformed.
function verify(signature, message, publicKey) {
  try {
    return ed25519.verify(signature, message, publicKey, { zip215: false });
  } catch {
    return false;
  }
}

export { sha256, verify };
