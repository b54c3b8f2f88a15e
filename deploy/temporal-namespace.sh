#!/bin/sh
# The namespace and the search attributes that follow-ups carry; an unregistered attribute would wedge them.
set -eu
temporal operator namespace describe carethread >/dev/null 2>&1 || temporal operator namespace create --retention 30d carethread
for name in CarethreadPlan CarethreadVersion CarethreadDepartment; do
  temporal operator search-attribute create --namespace carethread --name "$name" --type Keyword || true
done
