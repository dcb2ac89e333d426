/* Helps on the page "Periksa tanda terima", which is whole without it: takes the code out of the QR's address, whose
   fragment no browser sends, and submits it in the form's body; reads a photo of the QR on the phone itself. */
"use strict";
(() => {
  const form = document.getElementById("code-form");
  const field = document.getElementById("f-code");
  const codeIn = (text) => (/(?:#|^)([A-Za-z2-7]{4}-?[A-Za-z2-7]{4}-?[A-Za-z2-7]{4}-?[A-Za-z2-7]{4})$/.exec(text) || [])[1];

  const submit = (code) => {
    field.value = code;
    form.submit();
  };

  const takeFragment = () => {
    const code = codeIn(location.hash);
    if (!code) return;
    // The code must not stay in the address, nor in the history behind the answer.
    history.replaceState(null, "", location.pathname);
    submit(code);
  };
  addEventListener("hashchange", takeFragment);
  takeFragment();

  if (!("BarcodeDetector" in window)) return;
  const failed = document.getElementById("scan-failed");
  document.getElementById("scan").hidden = false;
  document.getElementById("f-photo").addEventListener("change", async (event) => {
    failed.hidden = true;
    try {
      const picture = await createImageBitmap(event.target.files[0]);
      const found = await new BarcodeDetector({ formats: ["qr_code"] }).detect(picture);
      const code = found.map((each) => codeIn(each.rawValue)).find(Boolean);
      if (code) return submit(code);
    } catch {
      // Not a picture, or no detector after all: the sentence below says what to do.
    }
    failed.hidden = false;
  });
})();
