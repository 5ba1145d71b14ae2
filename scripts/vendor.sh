#!/usr/bin/env bash
# Bring the pages that others publish into core as they were published: Swagger UI, which shows an OpenAPI document, and
# GraphiQL with React, which shows a GraphQL schema. GraphiQL 3 is the last that is one script; 4 and later load an
# editor of several megabytes, module by module.
# To take another version, change it here and run this; SHA256SUMS says what the files are.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

swagger_ui=5.35.0
graphiql=3.9.0
react=18.3.1

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

fetch() { # NAME VERSION: unpacks a package of npm
    local archive
    archive=$(npm pack --silent --pack-destination "$folder" "$1@$2")
    mkdir "$folder/$1"
    tar -xzf "$folder/$archive" -C "$folder/$1" --strip-components=1
}

begin() {
    target=plugins/core/src/synthdb/$1
    mkdir -p "$target"
    rm -f "$target"/*
}

end() {
    chmod 644 "$target"/*
    (cd "$target" && sha256sum -- * >SHA256SUMS)
    echo "$target is as published"
}

fetch swagger-ui-dist "$swagger_ui"
begin openapi/swagger_ui
for file in LICENSE NOTICE swagger-ui-bundle.js swagger-ui-bundle.js.LICENSE.txt swagger-ui.css; do
    cp "$folder/swagger-ui-dist/$file" "$target/"
done
end

fetch graphiql "$graphiql"
fetch react "$react"
fetch react-dom "$react"
begin graphql/graphiql
cp "$folder"/graphiql/{graphiql.min.js,graphiql.min.css,LICENSE} "$target/"
cp "$folder/react/umd/react.production.min.js" "$folder/react-dom/umd/react-dom.production.min.js" "$target/"
cp "$folder/react/LICENSE" "$target/LICENSE.react"
end
