/* A button "Salin" beside what is there to be copied (code.copy), where the browser lets a page copy; without it the
   text is selected whole by one click. */
"use strict";
if (navigator.clipboard) {
  for (const text of document.querySelectorAll("code.copy")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy__button";
    button.textContent = "Salin";
    button.setAttribute("aria-live", "polite");
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(text.textContent);
        button.textContent = "Tersalin";
      } catch {
        getSelection().selectAllChildren(text);
        button.textContent = "Pilih lalu salin";
      }
      setTimeout(() => (button.textContent = "Salin"), 2000);
    });
    (text.closest("pre") || text).after(" ", button);
  }
}
