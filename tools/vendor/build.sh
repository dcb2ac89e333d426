#!/bin/sh
# Rebuild aid_ledger/web/static/vendor from the pinned packages of package-lock.json.
# Only a person who changes a pinned version needs Node; the results are committed and the
# product runs without it. Every output name carries the first eight hex digits of its SHA-256,
# so that a browser may keep it for ever; manifest.json holds the whole digest.
set -eu
cd "$(dirname "$0")"
out=../../aid_ledger/web/static/vendor

npm ci
rm -rf "$out"
mkdir -p "$out" build
trap 'rm -rf build' EXIT

version() { node -p "require('./node_modules/$1/package.json').version"; }

# place SOURCE NAME VERSION EXTENSION: copy under the digest name and print that name.
place() {
  sha=$(sha256sum "$1" | cut -c1-8)
  cp "$1" "$out/$2-$3.$sha.$4"
  echo "$2-$3.$sha.$4"
}

font_package=@fontsource-variable/plus-jakarta-sans
font=$(place "node_modules/$font_package/files/plus-jakarta-sans-latin-wght-normal.woff2" \
  plus-jakarta-sans "$(version $font_package)" woff2)
htmx=$(place node_modules/htmx.org/dist/htmx.min.js htmx "$(version htmx.org)" js)

# Bootstrap 5.3 is written with @import, which Sass will drop in its version 3; the pin above keeps it working.
sed "s/@@FONT@@/$font/" theme.scss > build/theme.scss
node_modules/.bin/sass --no-source-map --style=compressed --quiet-deps \
  --silence-deprecation=import,global-builtin,color-functions,if-function \
  --load-path=node_modules build/theme.scss build/theme.css
css=$(place build/theme.css bootstrap "$(version bootstrap)" css)

# A global `noble` and no module, because a page opened from a disk may load none.
node node_modules/esbuild-wasm/bin/esbuild noble.js --bundle --minify --format=iife --global-name=noble --target=es2020 \
  --legal-comments=inline --outfile=build/noble.js --log-level=warning
noble=$(place build/noble.js noble "$(version @noble/ed25519)" js)

{
  for package in bootstrap htmx.org @noble/ed25519 @noble/hashes $font_package; do
    echo "================================================================"
    echo "$package $(version $package)"
    echo "================================================================"
    cat "node_modules/$package/LICENSE"
    echo
  done
} > "$out/LICENSES"

node manifest.mjs "$out" \
  "bootstrap.css=$css=MIT" "htmx.js=$htmx=0BSD" "noble.js=$noble=MIT" "plus-jakarta-sans.woff2=$font=OFL-1.1"
