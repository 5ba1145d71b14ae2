#!/usr/bin/env bash
# Bring Swagger UI, which the page of an OpenAPI document is made with, into core as it was published.
# To take another version, change it here and run this; SHA256SUMS says what the files are.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

version=5.35.0
target=plugins/core/src/synthdb/openapi/swagger_ui

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
archive=$(npm pack --silent --pack-destination "$folder" "swagger-ui-dist@$version")
tar -xzf "$folder/$archive" -C "$folder"

mkdir -p "$target"
rm -f "$target"/*
for file in LICENSE NOTICE swagger-ui-bundle.js swagger-ui-bundle.js.LICENSE.txt swagger-ui.css; do
    cp "$folder/package/$file" "$target/"
done
(cd "$target" && sha256sum -- * >SHA256SUMS)
echo "swagger-ui-dist $version is in $target"
