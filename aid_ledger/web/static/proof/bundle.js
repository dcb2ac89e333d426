// A whole evidence bundle, checked in steps that are told as they pass. What it does not check is said by the page.
import { Refused, decodeText, encodeText, equal, hex } from "./bytes.js";
import { Choice } from "./choice.js";
import { Frontier, leafHash, rootOfProof } from "./merkle.js";
import { isSigned, parseCheckpoint, parseKey, parseNote, parseProof } from "./note.js";
import { requireTrust } from "./policy.js";
import { openZip, readMember } from "./zip.js";

const { sha256 } = globalThis.noble;
const WIDTH = 256;
const MAX_PROVEN = 20000;
const WORK_MS = 40;

// Lets the page breathe: whoever works longer than a blink gives the browser a turn.
class Pace {
  constructor(tell) {
    this.tell = tell;
    this.since = performance.now();
  }

  async step(share) {
    if (performance.now() - this.since < WORK_MS) return;
    this.tell(share);
    await new Promise((resume) => setTimeout(resume));
    this.since = performance.now();
  }
}

// Check a bundle. `policy` is null when nothing was given from paper: then a good one is only consistent.
export async function checkBundle(file, policy, nowS, tell) {
  const members = await openZip(file);
  const read = (name) => {
    const member = members.get(name);
    if (!member) throw new Refused(`${name} tidak ada`);
    return readMember(file, member);
  };
  const pace = new Pace(tell);
  const stated = await checkManifest(members, read, pace);
  const seal = await read("checkpoint");
  const note = parseNote(seal);
  const checkpoint = parseCheckpoint(note.text);
  const cosigned = policy ? requireTrust(policy, note, checkpoint.origin, nowS) : await requireOwnKey(note, read);
  const choice = await checkEntries(members, read, checkpoint, stated.chosen, pace);
  await checkProofs(members, read, { checkpoint, seal, choice }, pace);
  return { checkpoint, cosigned, chosen: choice.indexes.length, wish: stated.chosen, members: members.size };
}

async function requireOwnKey(note, read) {
  const keys = decodeText(await read("log.vkey")).split("\n").filter(Boolean).map(parseKey);
  if (!keys.map((key) => isSigned(note, key)).some(Boolean)) throw new Refused("segel tidak ditandatangani kunci di dalam berkas");
  return [];
}

async function checkManifest(members, read, pace) {
  const raw = await read("manifest.json");
  const stated = parseManifest(decodeText(raw));
  for (const name of members.keys())
    if (name !== "manifest.json" && !Object.hasOwn(stated.files, name)) throw new Refused(`${name} tidak disebut dalam manifest`);
  const names = Object.keys(stated.files);
  for (const [number, name] of names.entries()) {
    const content = await read(name);
    const [digest, size] = stated.files[name];
    if (content.length !== size || hex(sha256(content)) !== digest) throw new Refused(`${name} telah diubah`);
    await pace.step((number / names.length) * 0.3);
  }
  return stated;
}

// The manifest has one spelling: written again it must be the same, so that nothing in it is read in two ways.
function parseManifest(text) {
  let stated;
  try {
    stated = JSON.parse(text);
    const { count, digest, program, since, until } = stated.chosen;
    const files = Object.fromEntries(Object.entries(stated.files).sort(([one], [other]) => (one < other ? -1 : 1)));
    const chosen = { count, digest, program, since, until };
    const { format, sealed_at, version } = stated;
    if (format !== "aid-ledger evidence v1" || JSON.stringify({ chosen, files, format, sealed_at, version }) !== text)
      throw new Refused("manifest.json cacat");
  } catch {
    throw new Refused("manifest.json cacat");
  }
  return stated;
}

function bundlePath(number, width) {
  let [rest, name] = [Math.floor(number / 1000), String(number % 1000).padStart(3, "0")];
  while (rest) {
    name = `x${String(rest % 1000).padStart(3, "0")}/${name}`;
    rest = Math.floor(rest / 1000);
  }
  return `tile/entries/${name}${width < WIDTH ? `.p/${width}` : ""}`;
}

async function checkEntries(members, read, checkpoint, wish, pace) {
  const [frontier, choice] = [new Frontier(), new Choice(wish)];
  for (let first = 0; first < checkpoint.size; first += WIDTH) {
    const width = Math.min(WIDTH, checkpoint.size - first);
    const raw = await read(bundlePath(first / WIDTH, width));
    let at = 0;
    for (let index = first; index < first + width; index += 1) {
      const length = raw[at] * 256 + raw[at + 1];
      const entry = raw.subarray(at + 2, at + 2 + length);
      if (!(entry.length === length) || at + 2 > raw.length) throw new Refused(`entri ${index} terpotong`);
      frontier.append(leafHash(entry));
      choice.apply(index, parseEntry(entry, index));
      at += 2 + length;
    }
    if (at !== raw.length) throw new Refused(`ada sisa di belakang entri ${first + width - 1}`);
    await pace.step(0.3 + (first / checkpoint.size) * 0.6);
  }
  choice.finish();
  if (!equal(frontier.root(), checkpoint.root)) throw new Refused("entri-entrinya tidak menuju akar yang ditandatangani: ada yang diubah");
  const indexes = encodeText(choice.indexes.map((index) => `${index}\n`).join(""));
  if (choice.indexes.length !== wish.count || hex(sha256(indexes)) !== wish.digest)
    throw new Refused("ada entri yang diminta tetapi tidak disertakan, atau sebaliknya");
  return choice;
}

function parseEntry(raw, index) {
  try {
    const entry = JSON.parse(decodeText(raw));
    if (typeof entry.body === "object" && entry.body !== null) return entry;
  } catch {
    // Said below, with the index.
  }
  throw new Refused(`entri ${index} bukan entri`);
}

async function checkProofs(members, read, { checkpoint, seal, choice }, pace) {
  const due = new Set([0, ...(choice.indexes.length <= MAX_PROVEN ? choice.indexes : [])]);
  const text = decodeText(seal);
  let done = 0;
  for (const index of due) {
    const entry = await read(`entries/${index}.json`);
    const proof = parseProof(await read(`proofs/${index}.tlog-proof`));
    if (proof.index !== index || proof.checkpoint !== text) throw new Refused(`bukti entri ${index} milik entri atau segel lain`);
    if (!equal(rootOfProof(index, checkpoint.size, leafHash(entry), proof.hashes), checkpoint.root))
      throw new Refused(`bukti entri ${index} tidak menuju akar`);
    done += 1;
    await pace.step(0.9 + (done / due.size) * 0.1);
  }
}
