#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# completion_test.sh -- what the completion of objctl offers, and what it asks the program for
#
# Sources the script as bash would, with an objctl on the PATH that knows three ids and writes down how
# it was called.
# Usage: completion_test.sh tools/completion/objctl
set -u

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat >"$folder/objctl" <<'PROGRAM'
#!/usr/bin/env bash
printf '%s\n' "$*" >>"${0%/*}/calls"
for id in 00aa 00bb 11cc; do
    [[ ${*: -1} == none || $id == "${*: -1}"* || ${*: -1} == 200 ]] && echo "$id"
done
PROGRAM
chmod +x "$folder/objctl"
touch "$folder/some-file" "$folder/some-other"
PATH=$folder:$PATH
cd "$folder" || exit 1
failures=0

# shellcheck source=/dev/null
source "$1"

# Completes the command line $1 with the cursor at its end; bash's own words are $2..., by default
# the line cut at blanks.
complete_line() {
    COMP_LINE=$1
    COMP_POINT=${#1}
    shift
    if (($# > 0)); then
        COMP_WORDS=("$@")
    else
        read -ra COMP_WORDS <<<"$COMP_LINE"
        [[ $COMP_LINE == *' ' ]] && COMP_WORDS+=("")
    fi
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
    : >calls
    _objctl
    reply=$(printf '%s\n' "${COMPREPLY[@]}" | sort | paste -sd ' ')
}

expect() {
    if [[ $reply != "$1" ]]; then
        echo "FAILED: '$COMP_LINE' offers '$reply', not '$1'"
        failures=$((failures + 1))
    fi
}

expect_call() {
    if [[ $(cat calls) != "$1" ]]; then
        echo "FAILED: '$COMP_LINE' calls '$(cat calls)', not '$1'"
        failures=$((failures + 1))
    fi
}

complete_line 'objctl s'
expect 'spill spill-status stat status'
complete_line 'objctl --json --timeout 5 con'
expect 'contains'
complete_line 'objctl --soc'
expect '--socket'
complete_line 'objctl transfers --wa'
expect '--watch'
complete_line 'objctl pre'
expect 'prefetch'
complete_line 'objctl unpin --o'
expect '--owner'
complete_line 'objctl status --o'
expect ''

# Ids come from the daemon, quickly or not at all.
complete_line 'objctl get 00'
expect '00aa 00bb'
expect_call '--timeout 500 ls --quiet --sort none --limit 200 00'
complete_line 'objctl rm 00aa '
expect '00aa 00bb 11cc'
complete_line 'objctl --socket /s stat 1'
expect '11cc'
expect_call '--socket /s --timeout 500 ls --quiet --sort none --limit 200 1'
complete_line 'objctl --socket=/s pin --owner me 1' objctl --socket = /s pin --owner me 1
expect '11cc'
expect_call '--socket=/s --timeout 500 ls --quiet --sort none --limit 200 1'
complete_line 'objctl put f --id 0'
expect '00aa 00bb'

complete_line 'objctl where 11'
expect '11cc'
complete_line 'objctl push --node 3 1'
expect '11cc'
complete_line 'objctl push 11cc --node 1'
expect ''

# Names cannot be listed, and what is no hex digit is not asked for.
complete_line 'objctl get na'
expect 'name:'
expect_call ''
complete_line 'objctl get name:mo' objctl get name : mo
expect ''
expect_call ''

# Files, where files belong.
complete_line 'objctl put some-f'
expect 'some-file'
complete_line 'objctl get 00aa some'
expect 'some-file some-other'
complete_line 'objctl get --name x some-f'
expect 'some-file'
expect_call ''
complete_line 'objctl get name:x some-f' objctl get name : x some-f
expect 'some-file'
complete_line 'objctl put some-file s'
expect ''
complete_line 'objctl get 00aa --metadata some-f'
expect 'some-file'
complete_line 'objctl --socket=some-f' objctl --socket = some-f
expect 'some-file'

# Values of options.
complete_line 'objctl ls --state se'
expect 'sealed'
complete_line 'objctl ls --sort=' objctl ls --sort =
expect 'id none size state'
complete_line 'objctl wait 00aa --count '
expect ''
complete_line 'objctl put some-file --metadata '
expect ''
complete_line 'objctl completion '
expect 'bash'

# Without a daemon there are no ids, and no noise.
printf '#!/bin/sh\necho "objctl: connect: nobody" >&2\nexit 3\n' >"$folder/objctl"
complete_line 'objctl rm ' 2>errors
expect ''
[[ -s errors ]] && echo "FAILED: noise: $(cat errors)" && failures=$((failures + 1))

((failures == 0)) && echo 'completion: ok'
exit $((failures > 0))
