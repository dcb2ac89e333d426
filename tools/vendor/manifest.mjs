// Write manifest.json: logical name -> file, sha256, size in bytes, licence.
// Called by build.sh as `node manifest.mjs DIRECTORY NAME=FILE=LICENCE ...`.
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";

const [directory, ...entries] = process.argv.slice(2);
const manifest = {};
for (const entry of entries) {
  const [name, file, licence] = entry.split("=");
  const bytes = readFileSync(`${directory}/${file}`);
  manifest[name] = {
    file,
    licence,
    sha256: createHash("sha256").update(bytes).digest("hex"),
    size_bytes: bytes.length,
  };
}
writeFileSync(`${directory}/manifest.json`, JSON.stringify(manifest, null, 2) + "\n");
