# SPDX-License-Identifier: LGPL-2.1-or-later
# Completion of slipway-xl(1) for bash, installed with its link. Asks the command itself, as slipway's does.

_slipway_xl()
{
    local word=${COMP_WORDS[COMP_CWORD]} verb=${COMP_WORDS[1]} words=

    COMPREPLY=()
    if ((COMP_CWORD == 1)); then
        words="$(xl help 2>/dev/null | sed -n 's/^ \([a-z-]*\)  .*/\1/p') help"
    elif [[ $word == -* ]]; then
        words=$(xl help "$verb" 2>/dev/null | grep -oE '^-[a-zA-Z](, --[a-z-]+)?' | tr -d ,)
    else
        case $verb in
        help) words=$(xl help 2>/dev/null | sed -n 's/^ \([a-z-]*\)  .*/\1/p') ;;
        info) words=$(xl info 2>/dev/null | sed 's/ *:.*//') ;;
        create)
            compopt -o filenames 2>/dev/null
            mapfile -t COMPREPLY < <(compgen -f -- "$word")
            return
            ;;
        dmesg | vm-list) return ;;
        *) words=$(xl list 2>/dev/null | sed -n '2,$s/ .*//p') ;;
        esac
    fi
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}

complete -F _slipway_xl xl
