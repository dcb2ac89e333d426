// The page "Periksa tanda terima": what can be proven of a receipt on this phone, and what only the server can say.
import { Refused, encodeBase64 } from "./bytes.js";
import { readAnchors } from "./anchors.js";
import { attachmentOf, checkEvidence } from "./evidence.js";
import { isStamped, parseStamp } from "./stamp.js";

const PATIENCE_MS = 10000;
const MAX_FILE_BYTES = 2097152;
const CODE = /(?:#|^)([A-Za-z2-7]{4}-?[A-Za-z2-7]{4}-?[A-Za-z2-7]{4}-?[A-Za-z2-7]{4})$/;
const NUMBER = /(?:#|^)(STS-[0-9]{4}-[0-9]{6,9}-[0-9A-Z])$/i;
const MONTHS = "Januari Februari Maret April Mei Juni Juli Agustus September Oktober November Desember".split(" ");
const COMPARE = "Bandingkan isi di atas dengan kertas di tangan Anda. Bila ada yang berbeda, kertas itu bermasalah: laporkan kepada Inspektorat daerah, atau melalui SP4N-LAPOR! (lapor.go.id).";
const REPORT = "Simpan kertas atau berkasnya, jangan diserahkan kepada siapa pun, dan laporkan kepada Inspektorat daerah, atau melalui SP4N-LAPOR! (lapor.go.id).";

const byId = (id) => document.getElementById(id);
const given = JSON.parse(byId("anchors").textContent);
const isAlone = location.protocol === "file:";
let anchors = null;
let turn = 0;
let askAgain = () => {};

const grouped = (number) => String(number).replace(/\B(?=([0-9]{3})+$)/g, ".");
const day = (text) => `${Number(text.slice(8))} ${MONTHS[Number(text.slice(5, 7)) - 1]} ${text.slice(0, 4)}`;
const quantity = (amount, unit) => (unit ? `${grouped(amount)} ${unit}` : `Rp${grouped(amount)}`);

function filled(id, nodes) {
  byId(id).replaceChildren(...nodes);
}

function node(tag, text) {
  return Object.assign(document.createElement(tag), { textContent: text });
}

// Show one answer. `level` is proved, unknown or broken; whatever is not said about it is hidden.
function show(level, words, by, { facts = [], proofs = [], advice = "" } = {}) {
  byId("answer-mark").className = `trust trust--${level}`;
  document.querySelectorAll("[data-level]").forEach((icon) => { icon.hidden = icon.dataset.level !== level; });
  byId("answer-words").textContent = words;
  filled("answer-by", by.map((line) => node("li", line)));
  filled("answer-facts", facts.filter(([, value]) => value).flatMap(([name, value]) => [node("dt", name), node("dd", value)]));
  byId("answer-stated").hidden = !facts.length;
  filled("answer-proofs", proofs.map(([what, line]) => {
    const item = node("li", ` ${line}`);
    item.prepend(node("b", `${what}:`));
    return item;
  }));
  byId("answer-strength").hidden = !proofs.length;
  byId("answer-advice").textContent = advice;
  byId("ask-again").hidden = true;
  if (byId("answer").hidden) {
    byId("answer").hidden = false;
    byId("answer-mark").focus();
  }
}

function refuse(words, error, otherwise) {
  // Whatever goes wrong on the way, in a shape nobody thought of too, is a receipt that was not proven.
  const reason = error instanceof Refused ? error.message : "isinya tidak dapat dibaca";
  show("broken", words, [`Sebabnya: ${reason}.`, otherwise], { advice: REPORT });
}

// Ask the server about a code, which it is sent in the body of a request; null when it cannot be reached.
async function ask(code) {
  if (isAlone) return null;
  const stop = new AbortController();
  const late = setTimeout(() => stop.abort(), PATIENCE_MS);
  try {
    const answer = await fetch(given.ask, {
      method: "POST", body: new URLSearchParams({ code }), headers: { Accept: "application/json" }, credentials: "omit", signal: stop.signal,
    });
    return await answer.json();
  } catch {
    return null;
  } finally {
    clearTimeout(late);
  }
}

const silence = () =>
  isAlone
    ? `Halaman ini tidak bertanya kepada siapa pun. Bila ada internet, periksa juga di ${given.page}`
    : "Server tidak dapat dihubungi dari ponsel ini. Cobalah lagi bila ada sinyal.";

const ENDED = { CANCELLED: "sudah dibatalkan", REPLACED: "sudah diganti" };

// What the server says of a receipt that was proven here, in the words of the third line of "how strong".
function told(finding) {
  if (finding === null) return `belum ditanyakan apakah tanda terima ini sudah dibatalkan atau diganti. ${silence()}`;
  if (finding.verdict === "GENUINE")
    return `tanda terima ini belum dibatalkan atau diganti, dijawab baru saja. ${finding.copies === "0" ? "Belum pernah dicetak" : `Sudah dicetak ${finding.copies} kali`}.`;
  if (!ENDED[finding.verdict]) return finding.reason;
  const successor = finding.replaced_by ? ` dengan nomor ${finding.replaced_by}` : "";
  return `tanda terima ini ${ENDED[finding.verdict]}${successor} pada ${finding.ended_at}. Alasan: ${finding.why}`;
}

function stampAnswer(stamp, finding) {
  const by = [`Cap QR ditandatangani ${given.agency} dengan kunci yang disebut log ${anchors.origin}`];
  const isSame = finding !== null && finding.stamp === encodeBase64(stamp.body);
  const isKnown = finding !== null && finding.stamp !== "";
  const newer = stamp.index >= anchors.size ? " Nomor itu lebih baru daripada log yang dikenal halaman ini." : "";
  const proofs = [
    ["Dibuktikan tanda tangan", "isi di atas ditulis instansi ini dan tidak diubah sejak itu."],
    ["Dibuktikan log", `hanya kunci capnya, di antara ${grouped(anchors.size)} entri yang disegel. Bahwa tanda terima ini sendiri tercatat di nomor ${grouped(stamp.index)} dinyatakan cap, dan dibuktikan berkas PDF-nya.${newer}`],
    ["Menurut server saja", told(finding)],
  ];
  const facts = [
    ["Nomor", stamp.number], ["Jumlah", quantity(stamp.amount, stamp.unit)], ["Isi", stamp.contents], ["Penerima", stamp.payee],
    ["Program", stamp.program], ["Diterima", day(stamp.paidOn)], ["Catatan log", grouped(stamp.index)],
  ];
  const rest = { facts, proofs, advice: COMPARE };
  if (finding !== null && finding.verdict === "FALSE")
    return ["broken", "Cap sah, tetapi tidak ada dalam catatan server", [...by, "Kunci cap mungkin dicuri, atau catatan server dihapus"], { ...rest, advice: REPORT }];
  if (isKnown && !isSame)
    return ["broken", "Cap sah, tetapi catatan server berbeda", [...by, "Salah satu dari keduanya tidak benar"], { ...rest, advice: REPORT }];
  if (isSame && ENDED[finding.verdict]) return ["unknown", finding.words, [...by, `Menurut server, ${told(finding)}`], rest];
  if (isSame && finding.verdict === "GENUINE")
    return ["proved", "Asli", [...by, "Isinya sama dengan catatan server, yang belum membatalkannya"], rest];
  return ["unknown", "Cap sah, keadaannya belum diketahui", [...by, "Belum diketahui apakah sudah dibatalkan atau diganti"], rest];
}

function evidenceAnswer({ fields, index, size }, finding) {
  const by = [`Bukti di dalam berkas menuju log ${anchors.origin}, nomor ${grouped(index)}`, "Tanda tangan PDF-nya belum diperiksa"];
  if ("returned_by" in fields) return returnAnswer({ fields, index, size }, by, finding);
  const place = fields.village ? `${fields.village}, ${fields.district}` : "";
  const facts = [
    ["Nomor", fields.number], ["Jumlah", `${quantity(fields.amount, fields.unit)} (${fields.in_words})`], ["Isi", fields.contents],
    ["Penerima", fields.payee], ["NIK", fields.nik], ["Wilayah", place], ["Program", `${fields.program_name}, ${fields.period}`],
    ["Diterima", day(fields.paid_on)], ["Melalui", fields.channel], ["Catatan log", grouped(index)],
  ];
  const proofs = [
    ["Dibuktikan log", `isi di atas menghasilkan sidik yang tercatat di nomor ${grouped(index)}, di bawah segel ${grouped(size)} entri.`],
    ["Tidak diperiksa di sini", "tanda tangan PDF itu sendiri. Yang tampak di lembarnya dapat berbeda dari bukti di dalamnya; server dan aid-audit memeriksa setiap byte."],
    ["Menurut server saja", told(finding)],
  ];
  if (finding !== null && ENDED[finding.verdict])
    return ["unknown", finding.words, [...by, `Menurut server, ${told(finding)}`], { facts, proofs, advice: COMPARE }];
  if (finding !== null && finding.verdict === "FALSE")
    return ["broken", "Tercatat di log, tetapi tidak ada dalam catatan server", by, { facts, proofs, advice: REPORT }];
  return ["unknown", "Isinya tercatat di log", by, { facts, proofs, advice: COMPARE }];
}

// The paper of a return: nothing becomes of it afterwards, so the server is asked only whether it knows it.
function returnAnswer({ fields, index, size }, by, finding) {
  const facts = [
    ["Nomor", fields.number], ["Jumlah", `${quantity(fields.amount, fields.unit)} (${fields.in_words})`],
    ["Sumber", `${fields.source_name} (${fields.source})`], ["Program", fields.program_name],
    ["Yang kembali", fields.batch ? `${grouped(fields.lines)} baris dari berkas ${fields.batch}` : "sisa dana program"],
    ["Bukti setor", `${fields.document_number}, ${day(fields.document_day)}`], ["Disetor oleh", `${fields.returned_by}, ${fields.office}`],
    ["Catatan log", grouped(index)],
  ];
  const proofs = [
    ["Dibuktikan log", `isi di atas menghasilkan sidik yang tercatat di nomor ${grouped(index)}, di bawah segel ${grouped(size)} entri.`],
    ["Tidak diperiksa di sini", "tanda tangan PDF itu sendiri. Yang tampak di lembarnya dapat berbeda dari bukti di dalamnya; server dan aid-audit memeriksa setiap byte."],
  ];
  if (finding !== null && finding.verdict === "FALSE")
    return ["broken", "Tercatat di log, tetapi tidak ada dalam catatan server", by, { facts, proofs, advice: REPORT }];
  return ["unknown", "Isinya tercatat di log", by, { facts, proofs, advice: COMPARE }];
}

// Show what is proven at once, and again when the server has answered, unless something else is being checked by then.
async function answer(code, say) {
  const mine = ++turn;
  byId("answer").hidden = true;
  show(...say(null));
  askAgain = async () => {
    byId("ask-again").hidden = true;
    const finding = await ask(code);
    if (mine !== turn) return;
    show(...say(finding));
    byId("ask-again").hidden = isAlone || (finding !== null && finding.verdict !== "UNDECIDED");
  };
  await askAgain();
}

function checkStamp(text) {
  let stamp;
  try {
    if (anchors === null) throw new Refused("daftar kunci cap di halaman ini tidak dapat dipercaya; muat ulang halamannya");
    stamp = parseStamp(text);
    if (!isStamped(stamp, anchors.origin, anchors.stampKeys)) throw new Refused("tidak ada kunci cap instansi ini yang menandatanganinya");
  } catch (error) {
    turn += 1;
    byId("answer").hidden = true;
    return refuse("Cap QR tidak sah", error, "Tanda terima instansi lain diperiksa di alamat yang tercetak di bawah gambar QR-nya. Kode 16 huruf di sampingnya dapat diketik di halaman ini.");
  }
  return answer(stamp.code, (finding) => stampAnswer(stamp, finding));
}

async function checkFile(file) {
  let read;
  turn += 1;
  try {
    if (anchors === null) throw new Refused("kunci log di halaman ini tidak dapat dipercaya; muat ulang halamannya");
    if (file.size > MAX_FILE_BYTES) throw new Refused("berkasnya lebih besar dari 2 MB");
    read = checkEvidence(await attachmentOf(new Uint8Array(await file.arrayBuffer())), anchors);
    // Everything that is shown is written once before: what cannot be shown is not genuine.
    evidenceAnswer(read, null);
  } catch (error) {
    byId("answer").hidden = true;
    return refuse("Bukti di dalam berkas tidak sah", error, "Berkas dari instansi lain diperiksa di halaman instansi itu.");
  }
  return answer(read.fields.code || read.fields.number, (finding) => evidenceAnswer(read, finding));
}

// A code, or an address that ends in one, is the server's to answer; a stamp is checked here and sent to nobody.
function take(text) {
  const code = (CODE.exec(text.trim()) || NUMBER.exec(text.trim()) || [])[1];
  const form = byId("code-form");
  if (!code) return checkStamp(text);
  if (!form) return refuse("Tidak dapat diperiksa di sini", new Refused("QR ini hanya memuat kode"), `Ketik kodenya di ${given.page}`);
  byId("f-code").value = code;
  return form.submit();
}

function takeFragment() {
  const { hash } = location;
  if (hash.length < 17) return;
  // Neither code nor stamp may stay in the address, nor in the history behind the answer.
  history.replaceState(null, "", location.pathname);
  take(hash);
}

async function scan(event) {
  byId("scan-failed").hidden = true;
  try {
    const picture = await createImageBitmap(event.target.files[0]);
    const found = await new BarcodeDetector({ formats: ["qr_code"] }).detect(picture);
    const texts = found.map((each) => each.rawValue);
    // A sheet may hold other codes as well; ours are addresses with a fragment.
    const text = texts.find((each) => each.includes("#")) || texts[0];
    if (text) return take(text);
  } catch {
    // Not a picture, or no detector after all: the sentence below says what to do.
  }
  byId("scan-failed").hidden = false;
  return undefined;
}

function checkChosen() {
  const [file] = byId("f-file").files;
  if (file) return checkFile(file);
  byId("f-file").focus();
  return undefined;
}

function start() {
  try {
    anchors = readAnchors(given);
  } catch {
    // Said when something is to be checked with them.
  }
  byId("ask-again").addEventListener("click", () => askAgain());
  byId("check-here").hidden = false;
  byId("check-here").addEventListener("click", checkChosen);
  const [paste, files] = [byId("stamp-form"), byId("file-form")];
  if (paste) paste.addEventListener("submit", (event) => { event.preventDefault(); take(byId("f-stamp").value); });
  if (files)
    files.addEventListener("submit", (event) => {
      if (navigator.onLine) return;
      event.preventDefault();
      checkChosen();
    });
  if ("BarcodeDetector" in window) {
    byId("scan").hidden = false;
    byId("f-photo").addEventListener("change", scan);
  }
  addEventListener("hashchange", takeFragment);
  takeFragment();
  if (given.worker && "serviceWorker" in navigator) navigator.serviceWorker.register(given.worker, { scope: given.ask }).catch(() => {});
}

window.checksReceipts = true;
start();
