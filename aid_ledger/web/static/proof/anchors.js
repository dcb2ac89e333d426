// What this page was given to believe: the name of the log, its keys, and the stamp keys that an entry of it names.
import { Refused, decodeBase64, decodeText, encodeText, equal } from "./bytes.js";
import { leafHash, rootOfProof } from "./merkle.js";
import { isSigned, parseCheckpoint, parseKey, parseNote } from "./note.js";

const STAMP_KEY_BYTES = 32;

// Read what stands in the page: {origin, keys: [[vkey, first, last or null]], stamps: keys.json or null}.
export function readAnchors(given) {
  const keys = given.keys.map(([vkey, first, last]) => ({ key: parseKey(vkey), first, last: last === null ? Infinity : last }));
  const anchors = { origin: given.origin, keys, stampKeys: [], size: 0 };
  if (given.stamps) Object.assign(anchors, readStampKeys(given.stamps, anchors));
  return anchors;
}

// The checkpoint of a note, signed by the key that signs its size.
export function sealedBy(text, anchors) {
  const note = parseNote(encodeText(text));
  const stated = parseCheckpoint(note.text);
  if (stated.origin !== anchors.origin) throw new Refused(`segelnya dari log lain, ${stated.origin}`);
  const keys = anchors.keys.filter((each) => each.first <= stated.size && stated.size <= each.last);
  if (!keys.map((each) => isSigned(note, each.key)).some(Boolean)) throw new Refused("segelnya tidak ditandatangani kunci log");
  return stated;
}

// keys.json (audit/FORMAT.md section 15): each key by an entry whose path leads to one sealed root.
function readStampKeys(list, anchors) {
  const stated = sealedBy(list.checkpoint, anchors);
  const stampKeys = list.keys.map((each) => {
    const raw = decodeBase64(each.entry);
    if (!equal(rootOfProof(each.index, stated.size, leafHash(raw), each.path.map(decodeBase64)), stated.root))
      throw new Refused("daftar kunci cap tidak menuju akar log");
    const entry = JSON.parse(decodeText(raw));
    const key = entry.kind === "StampKeyNamed" ? decodeBase64(entry.body.key) : [];
    if (key.length !== STAMP_KEY_BYTES) throw new Refused("daftar kunci cap menyebut entri lain");
    return key;
  });
  return { stampKeys, size: stated.size };
}
