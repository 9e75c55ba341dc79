# SPDX-License-Identifier: LGPL-2.1-or-later
# Completion of slipway(1) for bash. Asks the command itself for its verbs, options, guests and codes, so that there is no
# list here to grow old.

_slipway_words()
{
    case $1 in
    verbs) slipway help 2>/dev/null | sed -n 's/^  \([a-z]*\)  .*/\1/p' ;;
    options) slipway help "$2" 2>/dev/null | grep -oE '^ +(-[a-zA-Z], )?--[a-z-]+' | grep -oE -- '--[a-z-]+' ;;
    guests) slipway list 2>/dev/null | sed -n '2,$s/ .*//p' ;;
    engines) slipway engines 2>/dev/null | sed -n '2,$s/^\([a-z]*\) .*/\1/p' ;;
    formats) slipway help convert 2>/dev/null | sed -n 's/.*write FORMAT: //p' | tr -d , ;;
    codes) slipway explain 2>/dev/null | sed 's/ .*//' ;;
    esac
}

_slipway()
{
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} verb=${COMP_WORDS[1]} words=

    COMPREPLY=()
    if ((COMP_CWORD == 1)); then
        words="$(_slipway_words verbs) help --help --version"
    elif [[ $before == -e || $before == --engine ]]; then
        words=$(_slipway_words engines)
    elif [[ $before == --to || $before == --from ]]; then
        words=$(_slipway_words formats)
    elif [[ $before == --type ]]; then
        words="pv pvh hvm"
    elif [[ $word == -* ]]; then
        words=$(_slipway_words options "$verb")
    else
        case $verb in
        help) words=$(_slipway_words verbs) ;;
        explain) words=$(_slipway_words codes) ;;
        console | pause | unpause | shutdown | reboot | destroy | info) words=$(_slipway_words guests) ;;
        attach | detach)
            case $COMP_CWORD in
            2) words=$(_slipway_words guests) ;;
            3) words="disk vif" ;;
            esac
            ;;
        list | engines) return ;;
        *)
            compopt -o filenames 2>/dev/null
            mapfile -t COMPREPLY < <(compgen -f -- "$word")
            return
            ;;
        esac
    fi
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}

complete -F _slipway slipway
