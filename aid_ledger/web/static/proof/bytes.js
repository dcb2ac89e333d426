// Bytes and their spellings. Each spelling is accepted in one form only, as audit/note.py does.

export class Refused extends Error {}

export function decodeBase64(text) {
  let raw;
  try {
    raw = atob(text);
  } catch {
    throw new Refused("bukan base64");
  }
  if (btoa(raw) !== text) throw new Refused("base64 tidak baku");
  return Uint8Array.from(raw, (letter) => letter.charCodeAt(0));
}

export function encodeBase64(bytes) {
  return btoa(String.fromCharCode(...bytes));
}

export function hex(bytes) {
  return Array.from(bytes, (each) => each.toString(16).padStart(2, "0")).join("");
}

export function equal(one, other) {
  return one.length === other.length && one.every((each, place) => each === other[place]);
}

export function joined(...parts) {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

export function encodeText(text) {
  return new TextEncoder().encode(text);
}

export function decodeText(bytes) {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new Refused("bukan teks UTF-8");
  }
}

// A whole number without sign or leading zeros, small enough to be counted exactly.
export function decodeDecimal(text) {
  const number = /^(0|[1-9][0-9]{0,15})$/.test(text) ? Number(text) : NaN;
  if (!Number.isSafeInteger(number)) throw new Refused("bukan bilangan bulat");
  return number;
}
