// Signed notes, checkpoints, cosignatures and proofs (C2SP), as audit/FORMAT.md sections 4, 5 and 7 write them.
import { Refused, decodeBase64, decodeDecimal, decodeText, encodeText, hex, joined } from "./bytes.js";

const { sha256, verify } = globalThis.noble;
export const SIGNS = 1;
export const COSIGNS = 4;

// A verifier key: name+id+base64. Base64 may hold "+", so only the first two split.
export function parseKey(text) {
  const match = /^([^\s+]+)\+([0-9a-f]{8})\+(.+)$/.exec(text);
  if (!match) throw new Refused("kunci log (vkey) berbentuk nama+sidik+kunci");
  const [, name, id, encoded] = match;
  const typed = decodeBase64(encoded);
  if (typed.length !== 33 || (typed[0] !== SIGNS && typed[0] !== COSIGNS)) throw new Refused("jenis kunci tidak dikenal");
  if (hex(sha256(joined(encodeText(`${name}\n`), typed)).slice(0, 4)) !== id)
    throw new Refused("kunci salah ketik: sidiknya tidak cocok");
  return { name, id, type: typed[0], public: typed.slice(1) };
}

// The text ends at the last empty line; every line after it is a signature.
export function parseNote(raw) {
  const whole = decodeText(raw);
  const split = whole.lastIndexOf("\n\n");
  if (split < 0 || !whole.endsWith("\n") || /[\u0000-\u0009\u000b-\u001f]/.test(whole)) throw new Refused("bukan segel");
  const signatures = whole.slice(split + 2, -1).split("\n").map((line) => {
    const match = /^\u2014 ([^\s+]+) (\S+)$/.exec(line);
    const signed = match ? decodeBase64(match[2]) : [];
    if (signed.length < 5) throw new Refused("baris tanda tangan cacat");
    return { name: match[1], id: hex(signed.slice(0, 4)), raw: signed.slice(4) };
  });
  return { text: whole.slice(0, split + 1), signatures };
}

export function parseCheckpoint(text) {
  const [origin, size, root, ...rest] = text.split("\n");
  if (!origin || !rest.length) throw new Refused("bukan segel log");
  const stated = { origin, size: decodeDecimal(size), root: decodeBase64(root) };
  if (stated.root.length !== 32) throw new Refused("akar log bukan 32 byte");
  return stated;
}

function linesBy(note, key) {
  return note.signatures.filter((each) => each.name === key.name && each.id === key.id);
}

// Whether the key has signed; a known key's bad line refuses the whole note.
export function isSigned(note, key) {
  const lines = linesBy(note, key);
  for (const each of lines)
    if (each.raw.length !== 64 || !verify(each.raw, encodeText(note.text), key.public))
      throw new Refused(`tanda tangan ${key.name} tidak sah`);
  return lines.length > 0;
}

// When a witness last cosigned, in seconds; 0 if it has not. A bad line refuses the whole note.
export function cosignedAt(note, key) {
  let newest = 0;
  for (const each of linesBy(note, key)) {
    if (each.raw.length !== 72) throw new Refused(`tanda tangan saksi ${key.name} cacat`);
    const time = Number(new DataView(each.raw.buffer, each.raw.byteOffset, 8).getBigUint64(0));
    const message = encodeText(`cosignature/v1\ntime ${time}\n${note.text}`);
    if (!verify(each.raw.slice(8), message, key.public)) throw new Refused(`tanda tangan saksi ${key.name} tidak sah`);
    newest = Math.max(newest, time);
  }
  return newest;
}

// A tlog-proof: the index, the hashes, and the checkpoint verbatim.
export function parseProof(raw) {
  const whole = decodeText(raw);
  const split = whole.indexOf("\n\n");
  const lines = whole.slice(0, split).split("\n");
  if (lines.shift() !== "c2sp.org/tlog-proof@v1" || split < 0) throw new Refused("bukan bukti entri");
  const index = /^index (\S+)$/.exec(lines.shift() ?? "");
  if (!index) throw new Refused("bukti tanpa nomor entri");
  return { index: decodeDecimal(index[1]), hashes: lines.map(decodeBase64), checkpoint: whole.slice(split + 2) };
}

