# Sourced by ci/litmus.sh and ci/orderings.sh. shellcheck shell=bash

# weaker ORDERING OPERATION: the orderings that the operation can have as well, and that are weaker.
weaker() {
  case $1:$2 in
  SeqCst:*fence) echo AcqRel Acquire Release ;;
  SeqCst:*load | SeqCst:*first_look | SeqCst:*:failure) echo Acquire Relaxed ;;
  SeqCst:*store) echo Release Relaxed ;;
  SeqCst:*) echo AcqRel Acquire Release Relaxed ;;
  AcqRel:*) echo Acquire Release Relaxed ;;
  Acquire:* | Release:*) echo Relaxed ;;
  esac
}
