// Members of a zip file, read piece by piece and within limits: the profile of audit/FORMAT.md section 12, nothing else.
import { Refused } from "./bytes.js";

const MAX_MEMBERS = 262144;
const MAX_RATIO = 100;
const MAX_MEMBER_BYTES = 64 * 1024 * 1024;
const END_BYTES = 22;
const NAME = /^(?=.{1,120}$)[A-Za-z0-9_][A-Za-z0-9._-]*(\/[A-Za-z0-9_][A-Za-z0-9._-]*)*$/;
const ADVICE = "berkas ini bukan ZIP bukti sebagaimana ditulis";

async function view(file, start, length) {
  const raw = await file.slice(start, start + length).arrayBuffer();
  if (start < 0 || raw.byteLength !== length) throw new Refused(`${ADVICE}: terpotong`);
  return new DataView(raw);
}

async function findList(file) {
  let start = file.size - END_BYTES;
  const end = await view(file, start, END_BYTES);
  if (end.getUint32(0, true) !== 0x06054b50 || end.getUint16(20, true)) throw new Refused(`${ADVICE}: ujungnya lain`);
  let [count, size, offset] = [end.getUint16(10, true), end.getUint32(12, true), end.getUint32(16, true)];
  const locator = start >= 76 ? await view(file, start - 20, 20) : null;
  if (locator && locator.getUint32(0, true) === 0x07064b50) {
    start -= 76;
    const long = await view(file, start, 56);
    if (long.getUint32(0, true) !== 0x06064b50 || Number(locator.getBigUint64(8, true)) !== start)
      throw new Refused(`${ADVICE}: ujungnya bertentangan`);
    [count, size, offset] = [32, 40, 48].map((at) => Number(long.getBigUint64(at, true)));
  }
  if (offset + size !== start || count > MAX_MEMBERS) throw new Refused(`${ADVICE}: daftarnya tidak pas`);
  return { count, size, offset };
}

// Read the list of members; they must lie one behind the other, without a gap, and each once.
export async function openZip(file) {
  const where = await findList(file);
  const list = await view(file, where.offset, where.size);
  const members = new Map();
  let [at, endsAt, unpacked] = [0, 0, 0];
  for (let number = 0; number < where.count; number += 1) {
    if (at + 46 > where.size || list.getUint32(at, true) !== 0x02014b50) throw new Refused(`${ADVICE}: daftarnya cacat`);
    const [flags, method] = [list.getUint16(at + 8, true), list.getUint16(at + 10, true)];
    const [packed, size] = [list.getUint32(at + 20, true), list.getUint32(at + 24, true)];
    const [nameLength, extra, comment] = [28, 30, 32].map((place) => list.getUint16(at + place, true));
    if (flags || (method !== 0 && method !== 8) || comment || (extra && extra !== 12)) throw new Refused(`${ADVICE}: anggotanya lain`);
    if (at + 46 + nameLength + extra > where.size) throw new Refused(`${ADVICE}: daftarnya cacat`);
    const name = String.fromCharCode(...new Uint8Array(list.buffer, at + 46, nameLength));
    const place = extra ? Number(list.getBigUint64(at + 46 + nameLength + 4, true)) : list.getUint32(at + 42, true);
    if (!NAME.test(name)) throw new Refused(`${ADVICE}: nama anggota mengarah ke luar`);
    if (members.has(name) || place !== endsAt) throw new Refused(`${ADVICE}: anggota ganda atau bertumpuk (${name})`);
    members.set(name, { name, method, packed, size, offset: place });
    endsAt = place + 30 + nameLength + packed;
    unpacked += size;
    at += 46 + nameLength + extra;
  }
  if (endsAt !== where.offset || at !== where.size || unpacked > MAX_RATIO * file.size)
    throw new Refused(`${ADVICE}: ada yang tersembunyi, atau mengembang terlalu besar`);
  return members;
}

// Unpack one member, never beyond the size it was announced with.
export async function readMember(file, member) {
  if (member.size > MAX_MEMBER_BYTES) throw new Refused(`${member.name} terlalu besar`);
  const start = member.offset + 30 + member.name.length;
  const packed = file.slice(start, start + member.packed);
  const raw = member.method === 0 ? new Uint8Array(await packed.arrayBuffer()) : await inflated(packed, member);
  if (raw.length !== member.size) throw new Refused(`${member.name} tidak sepanjang yang diumumkan`);
  return raw;
}

async function inflated(packed, member) {
  const whole = new Uint8Array(member.size);
  const reader = packed.stream().pipeThrough(new DecompressionStream("deflate-raw")).getReader();
  let at = 0;
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      if (at + part.value.length > member.size) throw new Refused(`${member.name} lebih panjang dari yang diumumkan`);
      whole.set(part.value, at);
      at += part.value.length;
    }
  } catch (error) {
    await reader.cancel().catch(() => {});
    throw error instanceof Refused ? error : new Refused(`${member.name} tidak dapat dibuka`);
  }
  return whole.subarray(0, at);
}
