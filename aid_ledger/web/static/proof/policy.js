// Whom to believe (C2SP tlog-policy): one log key typed from paper, or a whole policy with witnesses and a quorum.
import { Refused, decodeDecimal } from "./bytes.js";
import { COSIGNS, SIGNS, cosignedAt, isSigned, parseKey } from "./note.js";

const MAX_FUTURE_S = 300;

export function parsePolicy(typed) {
  const policy = { logs: [], witnesses: new Map(), groups: new Map(), quorum: "" };
  const lines = typed.split("\n").map((line) => line.trim()).filter((line) => line && !line.startsWith("#"));
  if (lines.length === 1 && !/\s/.test(lines[0])) {
    policy.logs.push(keyOf(lines[0], SIGNS, policy));
    policy.quorum = "none";
    return policy;
  }
  for (const line of lines) takeLine(policy, line.split(/[ \t]+/));
  if (!policy.quorum || !policy.logs.length) throw new Refused("kebijakan menyebut log dan tepat satu quorum");
  return policy;
}

function takeLine(policy, words) {
  const [role, name, ...rest] = words;
  if (role === "log" && name && rest.length <= 1) policy.logs.push(keyOf(name, SIGNS, policy));
  else if (role === "witness" && rest.length >= 1 && rest.length <= 2) {
    requireNew(policy, name);
    policy.witnesses.set(name, keyOf(rest[0], COSIGNS, policy));
  } else if (role === "group" && rest.length >= 2) {
    const [asked, ...members] = rest;
    requireNew(policy, name);
    members.forEach((member) => requireFree(policy, member));
    const needed = { all: members.length, any: 1 }[asked] ?? decodeDecimal(asked);
    if (needed < 1 || needed > members.length) throw new Refused(`kelompok ${name} meminta yang tidak mungkin`);
    policy.groups.set(name, { needed, members });
  } else if (role === "quorum" && name && !rest.length && !policy.quorum) {
    if (name !== "none" && !isDefined(policy, name)) throw new Refused(`${name} belum didefinisikan`);
    policy.quorum = name;
  } else throw new Refused(`bukan baris kebijakan: ${role}`);
}

function keyOf(text, type, policy) {
  const key = parseKey(text);
  if (key.type !== type) throw new Refused(`kunci ${key.name} bukan untuk peran ini`);
  const known = [...policy.logs, ...policy.witnesses.values()];
  if (known.some((each) => String(each.public) === String(key.public))) throw new Refused(`kunci ${key.name} disebut dua kali`);
  return key;
}

function isDefined(policy, name) {
  return policy.witnesses.has(name) || policy.groups.has(name);
}

function requireNew(policy, name) {
  if (name === "none" || isDefined(policy, name)) throw new Refused(`${name} sudah didefinisikan`);
}

function requireFree(policy, member) {
  if (!isDefined(policy, member)) throw new Refused(`${member} belum didefinisikan`);
  if ([...policy.groups.values()].some((group) => group.members.includes(member)))
    throw new Refused(`${member} sudah masuk kelompok lain`);
}

// Check a checkpoint against a policy; gives the witnesses that have cosigned it, or refuses.
export function requireTrust(policy, note, origin, nowS) {
  const keys = policy.logs.filter((each) => each.name === origin);
  if (!keys.length) throw new Refused(`kunci yang Anda berikan bukan kunci log ${origin}`);
  if (!keys.map((each) => isSigned(note, each)).some(Boolean))
    throw new Refused("segel ini tidak ditandatangani kunci log dari kertas Anda; bila kuncinya pernah diganti, aid-audit mengikutinya");
  const cosigned = [];
  for (const [name, key] of policy.witnesses) {
    const time = cosignedAt(note, key);
    if (time > nowS + MAX_FUTURE_S) throw new Refused(`saksi ${key.name} menandatangani di masa depan`);
    if (time) cosigned.push({ name, key, time });
  }
  const names = new Set(cosigned.map((each) => each.name));
  if (policy.quorum !== "none" && !isFilled(policy, policy.quorum, names))
    throw new Refused(`baru ${names.size} saksi menandatangani; kebijakan Anda meminta lebih`);
  return cosigned;
}

function isFilled(policy, name, names) {
  const group = policy.groups.get(name);
  if (!group) return names.has(name);
  return group.members.filter((member) => isFilled(policy, member, names)).length >= group.needed;
}
