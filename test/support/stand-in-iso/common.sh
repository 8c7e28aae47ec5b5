# Used by both systems of the stand-in: what runs before and what the installer leaves behind.
export PATH=/usr/bin:/usr/sbin:/bin:/sbin HOME=/root
say() { printf '%s\n' "$*" >/dev/console; }
argument() { for word in $(cat /proc/cmdline); do case $word in "$1"=*) echo "${word#*=}"; return;; esac; done; }
modules() { while read -r name; do insmod "/modules/$name" 2>/dev/null || say "stand-in: $name was not loaded"; done </modules/order; }
forever() { while :; do sleep 3600; done; }
# The label of an ISO 9660 volume is at byte 40 of its descriptor, which is at 32768 (ECMA-119).
labelled() {
  for path in /sys/class/block/*; do
    name=${path##*/}
    case $(dd if="/dev/$name" bs=1 skip=32808 count=6 2>/dev/null) in cidata|CIDATA) echo "/dev/$name"; return;; esac
  done
}
