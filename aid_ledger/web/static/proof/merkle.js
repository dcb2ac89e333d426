// The tree of RFC 6962: hashes of entries, the root of a growing log, and the proof that an entry is in it.
import { Refused, joined } from "./bytes.js";

const { sha256 } = globalThis.noble;
const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);

export function leafHash(entry) {
  return sha256(joined(LEAF, entry));
}

export function nodeHash(left, right) {
  return sha256(joined(NODE, left, right));
}

// The right edge of a growing tree: the roots of its perfect subtrees, largest first.
export class Frontier {
  constructor() {
    this.size = 0;
    this.roots = [];
  }

  append(leaf) {
    let hash = leaf;
    for (let size = this.size; size % 2 === 1; size = (size - 1) / 2) hash = nodeHash(this.roots.pop(), hash);
    this.roots.push(hash);
    this.size += 1;
  }

  root() {
    if (!this.roots.length) return sha256(new Uint8Array());
    return this.roots.reduceRight((below, root) => nodeHash(root, below));
  }
}

// The root that a proof leads to (RFC 9162 section 2.1.3.2); a proof of another length is refused.
export function rootOfProof(index, size, leaf, proof) {
  if (!(index < size)) throw new Refused("nomor entri di luar log");
  let [place, last, hash] = [index, size - 1, leaf];
  for (const each of proof) {
    if (each.length !== 32 || last === 0) throw new Refused("bukti terlalu panjang");
    if (place % 2 === 1 || place === last) {
      hash = nodeHash(each, hash);
      while (place % 2 === 0 && place !== 0) [place, last] = [place / 2, Math.floor(last / 2)];
    } else {
      hash = nodeHash(hash, each);
    }
    [place, last] = [Math.floor(place / 2), Math.floor(last / 2)];
  }
  if (last !== 0) throw new Refused("bukti terlalu pendek");
  return hash;
}
