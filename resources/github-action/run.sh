#!/usr/bin/env bash
# Builds mqttrace from the checkout that this file is in, runs scenarios, and tells the job what came of them: a report in its
# summary, results and reports in a folder, and the outputs of action.yml. Works with bash 3.2, which is what a Mac has.
#
# Everything comes by the environment, so that no input is ever part of a script:
#
#   MQTTRACE_SCENARIOS, MQTTRACE_BROKER, MQTTRACE_ARGS, MQTTRACE_REPORTS, MQTTRACE_FAIL_ON, MQTTRACE_VERSION: see action.yml
#   GITHUB_OUTPUT, GITHUB_STEP_SUMMARY, RUNNER_TEMP: the runner's
#
# It ends with 0, or with mqttrace's exit code: 1 could not run, 2 bad input, 3 a threshold missed, 4 invalid, 130 interrupted.
set -euo pipefail

: "${MQTTRACE_SCENARIOS:=}" "${MQTTRACE_BROKER:=}" "${MQTTRACE_ARGS:=}" "${MQTTRACE_REPORTS:=}"
: "${MQTTRACE_FAIL_ON:=fail,invalid}" "${MQTTRACE_VERSION:=}"

sources=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
folder=$(mktemp -d "${RUNNER_TEMP:-${TMPDIR:-/tmp}}/mqttrace.XXXXXX")
results=$folder/results
summary=$folder/results/summary.md
mqttrace=$folder/mqttrace

# A summary may have 1 MiB at most.
most_summary=1000000

main() {
	local code=0
	check
	build
	"$mqttrace" run "${files[@]}" ${flags[@]+"${flags[@]}"} --out "$results" || code=$?
	judge "$code"
	report
	finish "$verdict" "$failure"
}

# check takes the inputs apart and says what is wrong with all of them.
check() {
	local pattern word
	files=() flags=() problems=0
	while IFS= read -r pattern; do
		files_like "$pattern"
	done < <(words "$MQTTRACE_SCENARIOS")
	[ -n "${MQTTRACE_SCENARIOS//[[:space:]]/}" ] || problem "scenarios: want at least one file"
	is_closed "$MQTTRACE_SCENARIOS" || problem "scenarios: a quote is not closed"

	while IFS= read -r word; do
		flags+=("$word")
	done < <(words "$MQTTRACE_ARGS")
	is_closed "$MQTTRACE_ARGS" || problem "args: a quote is not closed"
	[ -z "$MQTTRACE_BROKER" ] || flags+=(--broker "$MQTTRACE_BROKER")
	[ -z "$MQTTRACE_REPORTS" ] || flags+=(--report "$MQTTRACE_REPORTS")

	while IFS= read -r word; do
		case $word in fail | invalid | never) ;; *) problem "fail-on: $word is none of fail, invalid and never" ;; esac
	done < <(words "${MQTTRACE_FAIL_ON//,/ }")
	case $MQTTRACE_VERSION in *[!A-Za-z0-9._+/@-]*) problem "version: $MQTTRACE_VERSION has more than letters, digits and ._+/@-" ;; esac
	[ $problems = 0 ] || finish error 2
}

# files_like adds the files that a pattern means.
files_like() {
	local file found=0
	while IFS= read -r file; do
		files+=("$file")
		found=1
	done < <(compgen -G "$1" | sort)
	[ $found = 1 ] || problem "scenarios: there is no file $1"
}

# words prints the words of a text, one a line. Quotes keep spaces together as in a shell; nothing else means anything.
words() { printf '%s' "$1" | xargs -n 1 printf '%s\n' 2>/dev/null | sed '/^$/d'; }

# is_closed says whether every quote of a text has its other end.
is_closed() { words "$1" >/dev/null; }

# problem says on one line what is wrong with an input: a line of its own might be a command to the runner.
problem() {
	problems=1
	echo "::error title=mqttrace::$(printf '%s' "$1" | tr '\r\n' '  ')"
}

build() {
	local version=$MQTTRACE_VERSION
	if [ -z "$version" ]; then
		# A runner's copy is no clone, and lies in a folder named by its ref.
		version=$(git -C "$sources" describe --tags --always 2>/dev/null) || version=$(basename "$sources")
	fi
	(cd "$sources" && CGO_ENABLED=0 go build -trimpath -ldflags "-X main.version=$version" -o "$mqttrace" ./cmd/mqttrace) || finish error 1
}

# judge turns an exit code of mqttrace into the worst verdict of all runs and into what this script ends with. It looks at the
# results, because the code alone does not tell a failed run behind an invalid one.
judge() {
	failure=$1
	case $1 in
	0) verdict=pass ;;
	3 | 4)
		failure=0
		if came fail; then
			verdict=fail
			! fails_on fail || failure=3
		fi
		if came invalid; then
			verdict=invalid
			[ $failure != 0 ] || ! fails_on invalid || failure=4
		fi
		;;
	130) verdict=interrupted ;;
	*) verdict=error ;;
	esac
}

# came says whether some run came to a verdict.
came() { grep -q "^  \"verdict\": \"$1\"" "$results"/*.json; }

# fails_on says whether a verdict is one that fails the job.
fails_on() { words "${MQTTRACE_FAIL_ON//,/ }" | grep -qx "$1"; }

# report puts what was measured into the job's summary.
report() {
	ls "$results"/*.json >/dev/null 2>&1 || return 0
	"$mqttrace" report "$results"/*.json --format markdown --out "$summary"
	if [ "$(wc -c <"$summary")" -le $most_summary ]; then
		cat "$summary" >>"$GITHUB_STEP_SUMMARY"
	else
		echo "mqttrace: $verdict. The report is too long for this page; it is in the artifact." >>"$GITHUB_STEP_SUMMARY"
	fi
}

# finish tells the outputs and ends.
finish() {
	{
		echo "verdict=$1"
		if [ -d "$results" ]; then
			echo "results=$results"
			echo "result<<$folder" # ended by a path of this run alone
			ls "$results"/*.json 2>/dev/null || true
			echo "$folder"
		fi
		[ ! -e "$summary" ] || echo "summary=$summary"
	} >>"$GITHUB_OUTPUT"
	exit "$2"
}

main
