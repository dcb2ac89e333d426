// The stamp of a receipt, the number behind the # of its QR code, as audit/stamp.py writes and reads it.
import { Refused, decodeText, encodeText, joined } from "./bytes.js";

const { verify } = globalThis.noble;
const HEADER = "aid-ledger receipt stamp v1";
const VERSION = 1;
const CODE_BYTES = 10;
const SIGNATURE_BYTES = 64;
const MAX_TEXT_BYTES = 48;
const MAX_DIGITS = 1000;
const MAX_AMOUNT = BigInt("999999999999999999");
const MAX_INDEX = BigInt(Number.MAX_SAFE_INTEGER);
const DAY_MS = 86400000;
const BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
// Control characters, and the marks that turn the direction of what is read.
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}]|(?! )\p{Zs}/u;

// Read a stamp, or the address that ends in one; who signed is another question.
export function parseStamp(text) {
  const digits = text.trim().slice(text.trim().lastIndexOf("#") + 1);
  if (digits.length > MAX_DIGITS || !/^[1-9][0-9]*$/.test(digits)) throw new Refused("ini bukan cap tanda terima");
  const raw = bytesOf(BigInt(digits));
  if (raw[0] !== VERSION) throw new Refused("cap ini dari versi yang tidak dikenal halaman ini");
  if (raw.length <= SIGNATURE_BYTES) throw new Refused("cap ini terpotong");
  const body = raw.slice(0, -SIGNATURE_BYTES);
  return { ...readBody(body), body, signature: raw.slice(-SIGNATURE_BYTES) };
}

// Whether one of the stamp keys of the log `origin` has signed.
export function isStamped(stamp, origin, keys) {
  const message = joined(encodeText(`${HEADER}\n${origin}\n`), stamp.body);
  return keys.some((key) => verify(stamp.signature, message, key));
}

function bytesOf(number) {
  const text = number.toString(16);
  const even = text.length % 2 ? `0${text}` : text;
  return Uint8Array.from(even.match(/../g), (pair) => parseInt(pair, 16));
}

function readBody(body) {
  let at = 1;
  const take = (count) => {
    if (at + count > body.length) throw new Refused("cap ini terpotong");
    at += count;
    return body.slice(at - count, at);
  };
  // Seven bits a byte, lowest first; a last byte of zero would be a second spelling.
  const number = (least, most) => {
    let [value, shift, byte] = [BigInt(0), BigInt(0), 128];
    while (byte > 127) {
      [byte] = take(1);
      value += BigInt(byte % 128) << shift;
      shift += BigInt(7);
    }
    if ((byte === 0 && shift > BigInt(7)) || value < least || value > most) throw new Refused("angka pada cap ini tidak mungkin");
    return value;
  };
  const word = () => {
    const raw = take(take(1)[0]);
    const text = decodeText(raw);
    if (raw.length > MAX_TEXT_BYTES || UNPRINTABLE.test(text)) throw new Refused("teks pada cap ini tidak wajar");
    return text;
  };
  const code = base32(take(CODE_BYTES));
  const [high, low] = take(2);
  const paidOn = new Date((high * 256 + low) * DAY_MS).toISOString().slice(0, 10);
  const index = Number(number(BigInt(0), MAX_INDEX));
  const amount = number(BigInt(1), MAX_AMOUNT);
  const stamp = { code, paidOn, index, amount, number: word(), program: word(), payee: word(), unit: word(), contents: word() };
  if (at !== body.length) throw new Refused("ada sisa di belakang isi cap");
  return stamp;
}

function base32(raw) {
  const bits = Array.from(raw, (byte) => byte.toString(2).padStart(8, "0")).join("");
  return bits.match(/.{5}/g).map((five) => BASE32[parseInt(five, 2)]).join("");
}
