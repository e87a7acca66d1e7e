# Completes @PROGRAM@ in fish.
function __@FUNCTION@_complete
    set -l typed (commandline -ct)
    set -l plain (string unescape -- $typed; or string trim --left --chars='"\'' -- $typed)
    set -l words (commandline -opc)
    set -l command $words[1]
    type -q -- $command; or set command @PROGRAM@
    set -l answer (_BATON_COMPLETE=fish $command $words[2..-1] "$plain" 2>/dev/null </dev/null)
    if set -q answer[2]
        printf '%s\n' $answer[2..-1]
    else if test "$answer[1]" = files
        __fish_complete_path $typed
    else if test "$answer[1]" = folders
        __fish_complete_directories $typed
    end
end
complete --command @PROGRAM@ --no-files --keep-order --arguments '(__@FUNCTION@_complete)'
