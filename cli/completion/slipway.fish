# SPDX-License-Identifier: LGPL-2.1-or-later
# Completion of slipway(1) for fish. Asks the command itself, so that there is no list here to grow old.

function __slipway_verbs
    slipway help 2>/dev/null | string match -rg '^  ([a-z]+ +.*)' | string replace -r ' +' \t
end

function __slipway_options
    set -l verb (commandline -opc)[2]
    slipway help $verb 2>/dev/null | string match -rg '^ +(?:-\w, )?(--[a-z-]+)'
end

function __slipway_guests
    slipway list 2>/dev/null | tail -n +2 | string replace -r ' .*' ''
end

complete -c slipway -n __fish_use_subcommand -f -a '(__slipway_verbs)'
complete -c slipway -n __fish_use_subcommand -f -a help -d 'explain a verb'
complete -c slipway -n __fish_use_subcommand -l version -d 'print the version'
complete -c slipway -n 'not __fish_use_subcommand; and string match -q -- "-*" (commandline -ct)' -f -a '(__slipway_options)'
complete -c slipway -n '__fish_seen_subcommand_from console pause unpause shutdown reboot destroy info attach detach' -f -a '(__slipway_guests)'
complete -c slipway -n '__fish_seen_subcommand_from attach detach' -f -a 'disk vif'
complete -c slipway -n '__fish_seen_subcommand_from explain' -f -a '(slipway explain 2>/dev/null | string replace -r " .*" "")'
complete -c slipway -n '__fish_seen_subcommand_from help' -f -a '(__slipway_verbs)'
complete -c slipway -n '__fish_seen_subcommand_from run create plan' -s e -l engine -x -a '(slipway engines 2>/dev/null | string match -rg "^([a-z]+) ")'
complete -c slipway -n '__fish_seen_subcommand_from convert retarget' -l to -x -a '(slipway help convert 2>/dev/null | string match -rg "write FORMAT: (.*)" | string split ", ")'
complete -c slipway -n '__fish_seen_subcommand_from convert retarget' -l from -x -a '(slipway help convert 2>/dev/null | string match -rg "write FORMAT: (.*)" | string split ", ")'
complete -c slipway -n '__fish_seen_subcommand_from retarget' -l type -x -a 'pv pvh hvm'
