// The evidence inside a receipt's file (audit/pdf/PROFILE.md): fields and salt, the log's entry, its path, the seal.
import { Refused, decodeBase64, decodeText, encodeBase64, encodeText, equal, joined } from "./bytes.js";
import { sealedBy } from "./anchors.js";
import { leafHash, rootOfProof } from "./merkle.js";
import { parseProof } from "./note.js";

const { sha256 } = globalThis.noble;
const SALT_BYTES = 32;
const MAX_BYTES = 262144;
// What is attached to a receipt, and to the paper of a return (which hides nobody and has no salt), by their members:
// the kind of their entry, the member of it that digests the fields, and those that it states openly, by their name there.
const PAPERS = {
  "entry,fields,proof,salt": {
    kind: "ReceiptIssued", domain: encodeText("aid-receipt-v1\n"), digest: "digest",
    open: { receipt: "line", batch: "batch", program: "program", amount: "amount", commodity: "commodity", paid_on: "paid_on" },
  },
  "entry,fields,proof": {
    kind: "FundsReturned", domain: encodeText("aid-return-v1\n"), digest: "statement",
    open: { sts: "number", source: "source", program: "program", amount: "amount", commodity: "commodity", batch: "batch", lines: "lines", document: "document" },
  },
};
const MARK = /\/Type\s*\/EmbeddedFile(?![A-Za-z])/g;

// Check `bukti.json` against the log; gives the fields and where the log holds them.
export function checkEvidence(raw, anchors) {
  const members = parseCanonical(raw);
  const paper = Object.hasOwn(PAPERS, Object.keys(members).join()) && PAPERS[Object.keys(members).join()];
  if (!paper) throw new Refused("buktinya bukan bukti tanda terima");
  const { fields, salt: salted = "" } = members;
  const salt = decodeBase64Url(salted);
  if ("salt" in members && (salt.length !== SALT_BYTES || encodeBase64Url(salt) !== salted)) throw new Refused("garam bukti bukan 32 byte");
  const digest = encodeBase64Url(sha256(joined(paper.domain, salt, encodeText(JSON.stringify(fields)))));
  const entry = decodeBase64(members.entry);
  const { kind, body } = parseCanonical(entry);
  if (kind !== paper.kind || body[paper.digest] !== digest) throw new Refused("catatan log di dalam berkas ini tentang tanda terima lain");
  for (const name of Object.keys(paper.open))
    if (body[name] !== fields[paper.open[name]]) throw new Refused("isi berkas dan catatan log menyebut hal yang berbeda");
  const proof = parseProof(encodeText(members.proof));
  const stated = sealedBy(proof.checkpoint, anchors);
  if (!equal(rootOfProof(proof.index, stated.size, leafHash(entry), proof.hashes), stated.root))
    throw new Refused("bukti di dalam berkas ini tidak menuju akar log");
  return { fields, index: proof.index, size: stated.size };
}

// Take the one attached file out of a receipt. Everything else in the file is left to whoever checks its signature.
export async function attachmentOf(pdf) {
  // Every byte is one letter here, so that places in the text are places in the file.
  const text = new TextDecoder("latin1").decode(pdf);
  const marks = Array.from(text.matchAll(MARK));
  if (!text.startsWith("%PDF-") || marks.length !== 1) throw new Refused("berkas ini bukan PDF tanda terima dari sistem ini");
  const [{ index }] = marks;
  const begins = text.indexOf("stream\n", index) + 7;
  const head = text.slice(text.lastIndexOf(" obj", index), begins);
  const length = /\/Length ([0-9]{1,6})(?![0-9 ]* R)/.exec(head);
  if (begins < 7 || !length || !/\/Filter\s*\/FlateDecode/.test(head)) throw new Refused("lampiran bukti di dalam PDF ini cacat");
  return inflated(pdf.slice(begins, begins + Number(length[1])));
}

async function inflated(packed) {
  if (typeof DecompressionStream !== "function") throw new Refused("peramban ini terlalu tua untuk membuka PDF; kirim berkasnya ke server");
  const reader = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate")).getReader();
  const parts = [];
  let size = 0;
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      size += part.value.length;
      if (size > MAX_BYTES) throw new Refused("lampiran bukti di dalam PDF ini terlalu besar");
      parts.push(part.value);
    }
  } catch (error) {
    reader.cancel().catch(() => {});
    throw error instanceof Refused ? error : new Refused("lampiran bukti di dalam PDF ini tidak dapat dibuka");
  }
  return joined(...parts);
}

// What has one spelling is the same when it is written again: nothing in it can be read in two ways.
function parseCanonical(raw) {
  const text = decodeText(raw);
  let value;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Refused("buktinya bukan JSON");
  }
  if (value === null || typeof value !== "object" || JSON.stringify(value) !== text) throw new Refused("buktinya ditulis dengan cara lain");
  return value;
}

function decodeBase64Url(text) {
  const plain = String(text).replace(/-/g, "+").replace(/_/g, "/");
  return decodeBase64(plain + "=".repeat((4 - (plain.length % 4)) % 4));
}

function encodeBase64Url(bytes) {
  return encodeBase64(bytes).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}
