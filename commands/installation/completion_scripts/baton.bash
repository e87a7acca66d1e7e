# Completes @PROGRAM@ in bash 4.4 or newer.
_@FUNCTION@_complete() {
  local command=${1/#\~\//"$HOME/"} answer=()
  type -P -- "$command" >/dev/null || command=@PROGRAM@
  mapfile -t answer < <(
    _BATON_COMPLETE=bash "$command" "${COMP_LINE:0:COMP_POINT}" "$COMP_WORDBREAKS" \
      2>/dev/null </dev/null
  )
  COMPREPLY=("${answer[@]:1}")
  # Names of files are added only where there is no other suggestion.
  case ${answer[0]} in
    files) compopt -o default ;;
    folders) compopt -o dirnames ;;
  esac
}
complete -o nosort -F _@FUNCTION@_complete @PROGRAM@
