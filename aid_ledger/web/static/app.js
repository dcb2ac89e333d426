// What makes the officers' pages more pleasant where JavaScript runs. Every step works without this file:
// it adds no rule, sends nothing by itself, and stores nothing but the ids ticked in a paged table.
"use strict";

document.documentElement.classList.add("js");

// A second click on a verb must not look like a second deed (the server would refuse it anyway).
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("form[data-once]")) return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "yes";
  for (const button of form.querySelectorAll("button[type=submit]")) button.setAttribute("aria-disabled", "true");
});

// Coming back with the browser's own button shows the old page: its forms may be sent again.
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-once]")) {
    delete form.dataset.sent;
    for (const button of form.querySelectorAll("button[type=submit]")) button.removeAttribute("aria-disabled");
  }
});

// Money gets its dots when the field is left; what is not a whole amount is left as typed, for the server to refuse.
document.addEventListener("focusout", (event) => {
  const field = event.target;
  if (!field.matches("input[data-money]")) return;
  const digits = field.value.trim();
  if (/^\d{1,19}$/.test(digits)) field.value = digits.replace(/\B(?=(\d{3})+$)/g, ".");
});

// An authenticator shows "123 456": what is pasted keeps its digits, the blank does not cost the last of them.
document.addEventListener("paste", (event) => {
  const field = event.target;
  const text = event.clipboardData?.getData("text") ?? "";
  if (!(field instanceof Element) || !field.matches(".otp__digits") || !/\D/.test(text)) return;
  event.preventDefault();
  field.value = text.replace(/\D/g, "").slice(0, 6);
});

// "Bagian ini harus diisi" five times says little: each line of the summary gets the label of its field.
for (const link of document.querySelectorAll(".notice__list a[href^='#f-']")) {
  const field = document.getElementById(link.hash.slice(1));
  const isOneOfSome = field?.matches("[type=radio], [type=checkbox]") || !field?.matches("input, select, textarea");
  const label = (isOneOfSome && field?.closest("fieldset")?.querySelector("legend")) || field?.labels?.[0];
  const words = [...(label?.childNodes ?? [])].find((node) => node.nodeType === Node.TEXT_NODE)?.textContent.trim();
  if (words) link.prepend(`${words}: `);
}

function countDown(element) {
  const endsAt = performance.now() + Number(element.dataset.countdown) * 1000;
  const show = () => {
    const left = Math.max(0, Math.round((endsAt - performance.now()) / 1000));
    const seconds = String(left % 60).padStart(2, "0");
    element.textContent = left ? `Berlaku ${Math.floor(left / 60)}.${seconds} lagi.` : "Waktu habis. Muat ulang halaman ini.";
    if (left) setTimeout(show, 1000);
  };
  show();
}

function keepSelection(table) {
  const key = `keep:${location.pathname}:${table.dataset.keep}`;
  const boxes = [...table.querySelectorAll("td.grid__pick input[type=checkbox]")];
  const kept = new Set(JSON.parse(sessionStorage.getItem(key) || "[]"));
  const counter = document.querySelector(`[data-kept="${table.dataset.keep}"]`);
  const tell = () => {
    sessionStorage.setItem(key, JSON.stringify([...kept]));
    if (counter) counter.textContent = `${kept.size} dipilih`;
  };
  for (const box of boxes) {
    if (kept.has(box.value)) box.checked = true;
    if (box.checked) kept.add(box.value);
    box.addEventListener("change", () => {
      if (box.checked) kept.add(box.value);
      else kept.delete(box.value);
      tell();
    });
  }
  tell();
  const form = boxes.length ? boxes[0].form : null;
  if (!form) return;
  form.addEventListener("submit", () => {
    const here = new Set(boxes.map((box) => box.value));
    for (const value of kept) {
      if (here.has(value)) continue;
      const field = document.createElement("input");
      Object.assign(field, { type: "hidden", name: boxes[0].name, value });
      form.append(field);
    }
    sessionStorage.removeItem(key);
  });
}

function say(sentence) {
  const place = document.querySelector(".flashes");
  if (!place) return;
  const box = document.createElement("div");
  box.className = "notice notice--danger";
  box.textContent = sentence;
  place.replaceChildren(box);
}

document.addEventListener("htmx:sendError", () =>
  say("Sambungan terputus. Tidak ada yang hilang; halaman ini mencoba lagi sendiri, atau muat ulang."));
document.addEventListener("htmx:responseError", (event) =>
  say(`Permintaan ditolak (${event.detail.xhr.status}). Muat ulang halaman ini untuk melihat keadaan terakhir.`));

document.addEventListener("DOMContentLoaded", () => {
  const first = document.querySelector("[data-focus]");
  if (first) first.focus();
  document.querySelectorAll("[data-countdown]").forEach(countDown);
  document.querySelectorAll("table[data-keep]").forEach(keepSelection);
});
