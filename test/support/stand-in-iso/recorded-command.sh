#!/bin/sh
# A program that the small system lacks: it says what it was asked for, and that it went well.
mkdir -p /var/lib/stand-in
echo "${0##*/} $*" >>/var/lib/stand-in/commands
[ "${0##*/} $1" != 'dpkg-query -W' ] || awk '/^Package:/ {name=$2} /^Version:/ {print name "\t" $2}' /var/lib/dpkg/status
