#!/bin/sh
# A program that the small system lacks: it says what it was asked for, and that it went well. apt-get knows a few
# packages, and the list of packages has what it installs.
known='sysbench sysstat fio'
mkdir -p /var/lib/stand-in
echo "${0##*/} $*" >>/var/lib/stand-in/commands
case "${0##*/} $*" in
  'dpkg-query -W'*) awk '/^Package:/ {name=$2} /^Version:/ {print name "\t" $2}' /var/lib/dpkg/status;;
  'apt-cache pkgnames') printf '%s\n' $known;;
  'apt-get '*' install '*)
    words="$*"
    for name in ${words##* install }; do
      case " $known " in *" $name "*) ;; *) echo "E: Unable to locate package $name" >&2; exit 100;; esac
      echo "Setting up $name (1.0-standin) ..."
      printf 'Package: %s\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1.0-standin\n\n' "$name" >>/var/lib/dpkg/status
    done;;
esac
