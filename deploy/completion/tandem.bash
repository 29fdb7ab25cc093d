# SPDX-License-Identifier: Apache-2.0
# Completion of bash for tandem, made by `tandem completion bash`; do not edit.
_tandem()
{
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}
	local command="" words="" i
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		--data) ((i++)) ;;
		-*) ;;
		*) command=${COMP_WORDS[i]}; break ;;
		esac
	done
	case $command in
	"") words="--data --json --help --version apply plan get history undo registrations calls hangup cdr explain diff flow reach status completion" ;;
	apply) words="--help" ;;
	plan) words="--help" ;;
	get) words="--help tenant user device prompt variable list class schedule mailbox ring_group conference queue flow flow_draft flow_test extension number speed_dial feature_code --tenant --version" ;;
	history) words="--help tenant user device prompt variable list class schedule mailbox ring_group conference queue flow flow_draft flow_test extension number speed_dial feature_code --tenant" ;;
	undo) words="--help --tenant" ;;
	registrations) words="--help --tenant" ;;
	calls) words="--help --tenant" ;;
	hangup) words="--help" ;;
	cdr) words="--help --tenant --before --limit" ;;
	explain) words="--help --tenant --from --to --flow --at --assume --present --digits --ring --queue --webhook --message --day_mode --version --as_of" ;;
	diff) words="--help --tenant" ;;
	flow) words="--help check test replay publish rollback --tenant --since" ;;
	reach) words="--help --to --tenant" ;;
	status) words="--help" ;;
	completion) words="--help bash" ;;
	esac
	case $prev in
	--data) COMPREPLY=($(compgen -d -- "$cur")); return ;;
	apply|plan) COMPREPLY=($(compgen -f -- "$cur")); return ;;
	--assume) words="registered unregistered busy" ;;
	esac
	COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -F _tandem tandem
