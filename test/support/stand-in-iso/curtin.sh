#!/bin/sh
# curtin's `in-target`, as far as late-commands use it.
[ "$1" = in-target ] || { echo "the stand-in has no curtin $1" >&2; exit 2; }
shift
target=/target
while [ $# -gt 0 ]; do
  case $1 in --) shift; break;; -t|--target) target=$2; shift 2;; --target=*) target=${1#*=}; shift;; *) break;; esac
done
for folder in proc sys dev; do grep -q " $target/$folder " /proc/mounts || mount -o bind "/$folder" "$target/$folder"; done
chroot "$target" "$@"; code=$?
for folder in dev sys proc; do umount "$target/$folder"; done
exit $code
