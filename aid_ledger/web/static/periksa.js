/* For browsers that cannot check a receipt themselves (no whole numbers of any length): takes the code out of the QR's
   address, whose fragment no browser sends, and submits it in the form's body. Others never get here. */
"use strict";
(function () {
  if (window.checksReceipts) return;
  var LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

  // A stamp is one long number; its second to eleventh byte are the code (audit/FORMAT.md section 15).
  function codeOfStamp(digits) {
    var rest = digits.split("").map(Number), bytes = [];
    while (rest.length) {
      var carry = 0, next = [];
      rest.forEach(function (digit) {
        var part = carry * 10 + digit;
        if (next.length || part > 255) next.push(Math.floor(part / 256));
        carry = part % 256;
      });
      bytes.unshift(carry);
      rest = next;
    }
    var bits = bytes.slice(1, 11).map(function (byte) { return (256 + byte).toString(2).slice(1); }).join("");
    return (bits.match(/.{5}/g) || []).map(function (five) { return LETTERS[parseInt(five, 2)]; }).join("");
  }

  function takeFragment() {
    var tail = location.hash.slice(1);
    var code = /^[1-9][0-9]{150,999}$/.test(tail) ? codeOfStamp(tail) : tail;
    if (!/^[A-Za-z2-7]{4}(-?[A-Za-z2-7]{4}){3}$/.test(code)) return;
    // The code must not stay in the address, nor in the history behind the answer.
    history.replaceState(null, "", location.pathname);
    document.getElementById("f-code").value = code;
    document.getElementById("code-form").submit();
  }
  window.addEventListener("hashchange", takeFragment);
  takeFragment();
})();
