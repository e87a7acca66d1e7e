#compdef @PROGRAM@
# Completes @PROGRAM@ in zsh.
_@FUNCTION@_complete() {
  local command=${(Q)words[1]} line
  local -a answer values shown
  (( $+commands[$command] )) || [[ -x ${command/#\~\//$HOME/} ]] || command=@PROGRAM@
  answer=("${(@f)$(
    _BATON_COMPLETE=zsh ${command/#\~\//$HOME/} \
      "${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}" 2>/dev/null </dev/null
  )}")
  for line in "${(@)answer[2,-1]}"; do
    values+=("${line%%$'\t'*}")
    shown+=("${${line/$'\t'/  -- }%  -- }")
  done
  (( $#values )) && compadd -l -V @PROGRAM@ -d shown -- "${(@)values}" && return
  case $answer[1] in
    files) _files ;;
    folders) _files -/ ;;
  esac
}
if [[ ${funcstack[1]} = _@PROGRAM@ ]]; then
  _@FUNCTION@_complete "$@"  # loaded by its first use
else
  compdef _@FUNCTION@_complete @PROGRAM@
fi
