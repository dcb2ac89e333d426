// Which entries belong to a programme and some days; the same rules as audit/choice.py, so that nothing can be left out.

const MADE = ["run", "batch", "challenge", "instruction", "result", "handover", "sts", "receipt"];

export class Choice {
  constructor(wish) {
    this.wish = wish;
    this.known = new Set();
    this.act = "";
    this.pending = [];
    this.isWanted = false;
    this.indexes = [];
  }

  apply(index, entry) {
    if (entry.act !== this.act) {
      this.finish();
      this.act = entry.act;
    }
    this.pending.push(index);
    const hasDay = this.wish.since <= entry.on && entry.on <= this.wish.until;
    if (this.belongs(entry.body) && hasDay) this.isWanted = true;
  }

  finish() {
    if (this.isWanted) this.indexes.push(...this.pending);
    this.pending = [];
    this.isWanted = false;
  }

  belongs(body) {
    const made = MADE.map((member) => body[member]).filter((name) => typeof name === "string");
    const shown = Array.isArray(body.batches) ? body.batches.map((row) => Array.isArray(row) && row[0]) : [];
    if (body.program !== this.wish.program && ![...made, ...shown].some((name) => this.known.has(name))) return false;
    made.forEach((name) => this.known.add(name));
    return true;
  }
}
