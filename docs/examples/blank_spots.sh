#!/bin/sh
# All blank spots of one district for one operator, as GeoJSON on stdout.
# KUKAR_URL is the site's address, KUKAR_TOKEN a token from /token/ that may read.
curl --fail-with-body -sS -H "Authorization: Bearer $KUKAR_TOKEN" "$KUKAR_URL/api/v1/blank-spots/?operator=TELKOMSEL&service=internet&district=${1:-64.02.12}"
