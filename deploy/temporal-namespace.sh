#!/bin/sh
# The namespace and the search attributes that follow-ups carry; an unregistered attribute would wedge them. Ends well only when all are there.
set -eu
namespace='--namespace carethread'
temporal operator namespace describe $namespace >/dev/null 2>&1 || temporal operator namespace create $namespace --retention 30d
registered() { temporal operator search-attribute list $namespace 2>/dev/null | grep -q -w "$1"; }
for name in CarethreadPlan CarethreadVersion CarethreadDepartment; do
  tries=0
  # The server finds a new namespace some ten seconds after it was made, and shows a new attribute a moment after that.
  until registered "$name"; do
    tries=$((tries + 1))
    if [ "$tries" -gt 30 ]; then
      echo "The search attribute $name could not be registered; what the server said stands above." >&2
      exit 1
    fi
    temporal operator search-attribute create $namespace --name "$name" --type Keyword || true
    sleep 2
  done
done
