// The page periksa.html: asks for the file and for what is on paper, and says what was proved, by what, and what was not.
import { Refused } from "./bytes.js";
import { checkBundle } from "./bundle.js";
import { parsePolicy } from "./policy.js";

const byId = (id) => document.getElementById(id);
const number = (value) => value.toLocaleString("id-ID");
const instant = (seconds) =>
  new Intl.DateTimeFormat("id-ID", { dateStyle: "long", timeStyle: "short", timeZone: "Asia/Jakarta" }).format(seconds * 1000);

function show(level, words, lines) {
  const mark = byId("mark");
  mark.className = `trust trust--${level}`;
  byId("words").textContent = words;
  byId("by").replaceChildren(
    ...lines.map((line) => Object.assign(document.createElement("li"), { textContent: line })),
  );
  byId("result").hidden = false;
  mark.focus();
}

function told(report, policy) {
  const { checkpoint, cosigned, chosen, wish, members } = report;
  const lines = [
    `Log ${checkpoint.origin}, ${number(checkpoint.size)} entri: setiap entri dihitung ulang sampai ke akar yang ditandatangani.`,
    `${number(chosen)} entri program ${wish.program} tanggal ${wish.since} sampai ${wish.until}: dipilih ulang dari seluruh log, tidak ada yang ditinggalkan, dan setiap buktinya menuju akar yang sama.`,
    `${number(members)} berkas cocok dengan manifest, tidak kurang dan tidak lebih.`,
  ];
  if (!policy) return lines;
  lines.unshift("Tanda tangan log sah menurut kunci dari kertas Anda.");
  const sworn = cosigned.map((each) => `${each.name} (${instant(each.time)} WIB)`).join(", ");
  if (policy.quorum !== "none") lines.push(`Disaksikan menurut kebijakan Anda oleh ${sworn}.`);
  else lines.push("Saksi tidak diperiksa: yang Anda berikan hanya kunci log, bukan kebijakan.");
  return lines;
}

async function check(file) {
  const bar = byId("bar");
  const typed = byId("paper").value.trim();
  byId("result").hidden = true;
  byId("run").setAttribute("aria-disabled", "true");
  byId("progress").hidden = false;
  bar.value = 0;
  try {
    const policy = typed ? parsePolicy(typed) : null;
    const nowS = Math.floor(Date.now() / 1000);
    const report = await checkBundle(file, policy, nowS, (share) => { bar.value = share; });
    if (policy) show("proved", "Utuh, menurut kunci dari kertas Anda", told(report, policy));
    else
      show("unknown", "Tidak berpatokan", [
        "Berkas ini cocok dengan dirinya sendiri. Log yang dikarang pagi ini pun begitu: isi kunci log dari Berita Acara, lalu periksa lagi.",
        ...told(report, null),
      ]);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    show("broken", "Tidak lolos pemeriksaan", [`Sebabnya: ${error.message}.`,
      "Simpan berkas ini apa adanya, dan laporkan kepada Inspektorat bersama asal-usulnya."]);
  } finally {
    byId("progress").hidden = true;
    byId("run").removeAttribute("aria-disabled");
  }
}

function start() {
  const input = byId("file");
  const drop = byId("drop");
  byId("form").addEventListener("submit", (event) => {
    event.preventDefault();
    if (byId("run").getAttribute("aria-disabled")) return;
    byId("missing").hidden = Boolean(input.files.length);
    if (input.files.length) check(input.files[0]);
    else input.focus();
  });
  drop.addEventListener("dragover", (event) => event.preventDefault());
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    input.files = event.dataTransfer.files;
    byId("missing").hidden = true;
  });
  byId("too-old").hidden = typeof DecompressionStream === "function";
}

start();
